using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Http;

/// <summary>
/// The parameters of a management call, wherever the client put them: query, form or JSON body, as GitLab accepts them.
/// Reading one checks it; what is wrong gathers in <see cref="Problems"/>, in GitLab's words, so that one 400 names all.
/// </summary>
public sealed class ApiParameters
{
    private const int MostBodyBytes = 1 << 20;
    private const int LongestDescribed = 255;
    private static readonly string[] SecretWords = ["token", "password", "secret", "credential"];
    private readonly Dictionary<string, string?> values;
    private readonly IReadOnlyList<ParameterDescription>? described;
    private readonly List<string> problems = [];

    private ApiParameters(Dictionary<string, string?> values, IReadOnlyList<ParameterDescription>? described) =>
        (this.values, this.described) = (values, described);

    /// <summary>The 400 that names everything found wrong so far, or null.</summary>
    public ApiError? Problems => problems.Count == 0 ? null : ApiError.Invalid(problems);

    /// <summary>Reads them all. A body that is not what its content type says is a 400 in <see cref="Problems"/>.</summary>
    public static async ValueTask<ApiParameters> ReadAsync(HttpContext context)
    {
        var request = context.Request;
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var (name, value) in request.Query) values[name] = value.ToString();
        var parameters = new ApiParameters(values, context.GetEndpoint()?.Metadata.GetMetadata<CallDescription>()?.Parameters);
        var hasBody = request.ContentLength is not 0 && !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method);
        if (hasBody && request.HasFormContentType) await parameters.ReadFormAsync(context);
        else if (hasBody && request.HasJsonContentType()) await parameters.ReadJsonAsync(context);
        parameters.RefuseWhatIsNoText();
        context.Features.Set(parameters);
        return parameters;
    }

    /// <summary>
    /// All of them as a JSON object of texts, for people who want to know what was asked: values are cut at 255 characters, and what
    /// may be a secret, by its name, is not told.
    /// </summary>
    public string Described() => JsonSerializer.Serialize(
        values.ToDictionary(pair => pair.Key, pair => IsSecret(pair.Key) ? "[hidden]" : UnicodeText.Cut(pair.Value, LongestDescribed)), ApiJson.Options);

    /// <summary>Whether the client sent it at all, even as null.</summary>
    public bool Has(string name) => values.ContainsKey(MustBeDescribed(name));

    /// <summary>Adds a text to <see cref="Problems"/>.</summary>
    public void Problem(string text) => problems.Add(text);

    /// <summary>Finds fault with every parameter that is none of these: <c>name is unknown</c>.</summary>
    public void RefuseOthersThan(params ReadOnlySpan<string> names)
    {
        foreach (var name in values.Keys)
            if (name != "private_token" && !names.Contains(name)) problems.Add($"{name} is unknown");
    }

    /// <summary>Finds fault when none of these was sent, not even as null.</summary>
    public void RequireOneOf(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (Has(name)) return;
        problems.Add($"{string.Join(", ", names)} are missing, at least one parameter must be provided");
    }

    /// <summary>The text as sent, or null.</summary>
    public string? Text(string name) => values.GetValueOrDefault(MustBeDescribed(name));

    /// <summary>A text that must be there and not blank: else <c>name is missing</c> or <c>name is empty</c>.</summary>
    public string RequiredText(string name)
    {
        var value = Text(name);
        if (value is null) problems.Add($"{name} is missing");
        else if (string.IsNullOrWhiteSpace(value)) problems.Add($"{name} is empty");
        return value ?? "";
    }

    /// <summary>A text that may be left out but not blank: else <c>name is empty</c>.</summary>
    public string? FilledText(string name)
    {
        var value = Text(name);
        if (Has(name) && string.IsNullOrWhiteSpace(value)) problems.Add($"{name} is empty");
        return value;
    }

    /// <summary>A whole number, or null when left out; else <c>name is invalid</c>.</summary>
    public long? Number(string name)
    {
        var value = Text(name);
        if (string.IsNullOrEmpty(value)) return null;
        if (long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)) return number;
        problems.Add($"{name} is invalid");
        return null;
    }

    /// <summary>A whole number that must be there.</summary>
    public long RequiredNumber(string name)
    {
        if (string.IsNullOrEmpty(Text(name))) problems.Add(Has(name) ? $"{name} is empty" : $"{name} is missing");
        return Number(name) ?? 0;
    }

    /// <summary>A yes or no, or null when left out; else <c>name is invalid</c>.</summary>
    public bool? Flag(string name)
    {
        switch (Text(name)?.ToLowerInvariant())
        {
            case null or "": return null;
            case "true" or "1" or "t" or "on": return true;
            case "false" or "0" or "f" or "off": return false;
            default:
                problems.Add($"{name} is invalid");
                return null;
        }
    }

    /// <summary>One of the given words, or null when left out; else <c>name does not have a valid value</c>.</summary>
    public string? OneOf(string name, params ReadOnlySpan<string> words)
    {
        var value = Text(name);
        if (value is null || words.Contains(value)) return value;
        problems.Add($"{name} does not have a valid value");
        return null;
    }

    /// <summary>A day as <c>2024-05-30</c>, or null when left out; else <c>name is invalid</c>.</summary>
    public DateOnly? Day(string name)
    {
        var value = Text(name);
        if (string.IsNullOrEmpty(value)) return null;
        if (DateOnly.TryParse(value, CultureInfo.InvariantCulture, out var day)) return day;
        problems.Add($"{name} is invalid");
        return null;
    }

    /// <summary>An instant (Unix milliseconds) of ISO 8601, UTC where it names no zone, or null when left out; else <c>name is invalid</c>.</summary>
    public long? Instant(string name)
    {
        var value = Text(name);
        if (string.IsNullOrEmpty(value)) return null;
        if (DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant))
            return instant.ToUnixTimeMilliseconds();
        problems.Add($"{name} is invalid");
        return null;
    }

    /// <summary>A list: a JSON array, <c>name[]=a&amp;name[]=b</c>, or words with commas. Null when left out.</summary>
    public IReadOnlyList<string>? List(string name) =>
        (Text(name) ?? values.GetValueOrDefault(name + "[]"))?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool IsSecret(string name) => SecretWords.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    // What a call reads and does not describe would be missing from the API's own description. Pages have none.
    private string MustBeDescribed(string name) => described is null || described.Any(parameter => parameter.Name == name)
        ? name : throw new InvalidOperationException($"The endpoint reads the parameter {name} and does not describe it.");

    private async Task ReadFormAsync(HttpContext context)
    {
        try
        {
            foreach (var (name, value) in await context.Request.ReadFormAsync(context.RequestAborted)) values[name] = value.ToString();
        }
        catch (Exception e) when (e is InvalidDataException or NotSupportedException
            or (IOException and not BadHttpRequestException and not ConnectionResetException))
        {
            // Malformed, cut off, beyond the framework's bounds of a form, or in a character set that is no longer supported.
            problems.Add("The request body is not a valid form");
        }
    }

    private void RefuseWhatIsNoText()
    {
        foreach (var (name, value) in values)
        {
            if (!UnicodeText.IsValid(name)) problems.Add("The name of a parameter is invalid");
            else if (!UnicodeText.IsValid(value)) problems.Add($"{name} is invalid");
        }
    }

    private async Task ReadJsonAsync(HttpContext context)
    {
        if (context.Request.ContentLength > MostBodyBytes)
        {
            problems.Add("request body is too large");
            return;
        }
        try
        {
            using var document = await JsonDocument.ParseAsync(context.Request.Body, default, context.RequestAborted);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                problems.Add("The request body must be a JSON object");
                return;
            }
            foreach (var property in document.RootElement.EnumerateObject()) values[property.Name] = TextOf(property.Value);
        }
        catch (InvalidOperationException)
        {
            problems.Add("The request body is not valid JSON"); // its bytes are not UTF-8, or half a surrogate pair is escaped in it
        }
        catch (JsonException)
        {
            // A client may declare JSON and send nothing: then there are simply no parameters.
            if (context.Request.ContentLength is null or > 0) problems.Add("The request body is not valid JSON");
        }
    }

    private static string? TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Array => string.Join(',', value.EnumerateArray().Select(TextOf)),
        _ => value.GetRawText(),
    };
}
