using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;

namespace Larder.Web;

/// <summary>What an operation has answered, as values for a form.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The JSON; undefined where there was none.</param>
/// <param name="Errors">What was wrong; empty when <see cref="Succeeded"/>.</param>
public sealed record OperationOutcome(int Status, JsonElement Body, FormErrors Errors)
{
    /// <summary>Whether it was done.</summary>
    public bool Succeeded => Status is >= 200 and < 300;

    private IFeatureCollection Features { get; init; } = new FeatureCollection();

    /// <summary>What the operation has left on its request for whoever runs it in the process.</summary>
    public T Left<T>() where T : class => Features.GetRequiredFeature<T>();

    /// <summary>Reads the bodies that <see cref="Registry.Http.ApiError"/> writes.</summary>
    internal static OperationOutcome Read(int status, byte[] answer, IFeatureCollection features)
    {
        JsonElement body = default;
        if (answer.Length > 0)
        {
            using var document = JsonDocument.Parse(answer);
            body = document.RootElement.Clone();
        }
        return new(status, body, status is >= 200 and < 300 ? FormErrors.None : FormErrors.Read(status, body)) { Features = features };
    }
}

/// <summary>What was wrong with a form: of its fields, by the names that the API gives them, and of the whole.</summary>
public sealed class FormErrors
{
    private readonly Dictionary<string, List<string>> fields = new(StringComparer.Ordinal);
    private readonly List<string> others = [];

    /// <summary>Nothing.</summary>
    public static FormErrors None { get; } = new();

    /// <summary>Whether there is any.</summary>
    public bool Any => fields.Count > 0 || others.Count > 0;

    /// <summary>An error of the whole form.</summary>
    public static FormErrors Of(string text)
    {
        var errors = new FormErrors();
        errors.others.Add(text);
        return errors;
    }

    /// <summary>An error of one field, in words that follow its label.</summary>
    public static FormErrors Of(string field, string text)
    {
        var errors = new FormErrors();
        errors.Add(field, text);
        return errors;
    }

    /// <summary>The same, and what is wrong with a field goes on with a sentence; none where the function answers null.</summary>
    public FormErrors With(string field, Func<string, string?> sentence)
    {
        var errors = new FormErrors();
        errors.others.AddRange(others);
        foreach (var (name, texts) in fields)
            errors.fields[name] = name == field ? [.. texts.Select(text => sentence(text) is { } more ? $"{text}. {more}" : text)] : texts;
        return errors;
    }

    /// <summary>What is wrong with a field that the page shows, as a sentence; null when nothing is.</summary>
    public string? this[string field] => fields.TryGetValue(field, out var texts) ? string.Join(", ", texts) : null;

    /// <summary>Everything that is shown beside none of these fields.</summary>
    public IEnumerable<string> Besides(IReadOnlyCollection<string> shown) =>
        [.. others, .. fields.Where(field => !shown.Contains(field.Key)).Select(field => $"{field.Key.Replace('_', ' ')} {string.Join(", ", field.Value)}")];

    internal static FormErrors Read(int status, JsonElement body)
    {
        var errors = new FormErrors();
        if (body.ValueKind != JsonValueKind.Object) errors.others.Add($"The server answered {status}.");
        else if (body.TryGetProperty("error", out var list) && list.ValueKind == JsonValueKind.String) errors.AddList(list.GetString()!);
        else if (body.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.Object) errors.AddModel(message);
        else errors.others.Add(message.ValueKind == JsonValueKind.String ? message.GetString()! : $"The server answered {status}.");
        return errors;
    }

    // "name is missing, path is empty": each begins with the name of its parameter.
    private void AddList(string list)
    {
        foreach (var text in list.Split(", ", StringSplitOptions.RemoveEmptyEntries))
        {
            var space = text.IndexOf(' ', StringComparison.Ordinal);
            if (space > 0 && text[..space].All(c => char.IsAsciiLetterLower(c) || c == '_')) Add(text[..space], text[(space + 1)..]);
            else others.Add(text);
        }
    }

    private void AddModel(JsonElement message)
    {
        foreach (var field in message.EnumerateObject())
        {
            foreach (var text in field.Value.ValueKind == JsonValueKind.Array ? field.Value.EnumerateArray().Select(text => text.ToString()) : [field.Value.ToString()])
            {
                if (field.Name is "error" or "base") others.Add(text); // no field: a whole sentence
                else Add(field.Name == "visibility_level" ? "visibility" : field.Name, text);
            }
        }
    }

    private void Add(string field, string text)
    {
        if (field == "base") // of the whole, in GitLab's words
        {
            others.Add(text);
            return;
        }
        if (!fields.TryGetValue(field, out var texts)) fields[field] = texts = [];
        texts.Add(text);
    }
}
