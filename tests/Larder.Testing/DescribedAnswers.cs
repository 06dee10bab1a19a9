using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace Larder.Testing;

/// <summary>
/// Holds what the API answers, when all goes well, against what its own description says of it: a field that is not described, one that
/// is described and missing, and one of another type fail the test that has asked.
/// </summary>
internal sealed class DescribedAnswers
{
    // Read once in a process of tests: every server has the same.
    private static readonly SemaphoreSlim Reading = new(1);
    private static readonly HttpClient Reader = new();
    private static DescribedAnswers? shared;

    private readonly JsonElement schemas;
    private readonly ILookup<string, Call> calls;

    private DescribedAnswers(JsonElement document)
    {
        schemas = document.GetProperty("components").GetProperty("schemas");
        calls = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(call => new Call(call.Name.ToUpperInvariant(), path.Name[1..].Split('/'), call.Value)))
            .ToLookup(call => call.Method);
    }

    /// <summary>Looks at an answer of <c>/api</c>; at none of a server that does not describe itself.</summary>
    public static async Task CheckAsync(HttpRequestMessage request, Answer answer, CancellationToken cancellationToken)
    {
        if (answer.Status is < 200 or > 299 || request.RequestUri is not { IsAbsoluteUri: true } url || !url.AbsolutePath.StartsWith("/api/", StringComparison.Ordinal)) return;
        if (await ReadAsync(url, cancellationToken) is { } described && described.Problem(request.Method.Method, url, answer) is { } problem)
            throw new InvalidOperationException($"{request.Method} {url.AbsolutePath} has answered {answer.Status}, and {problem}: {answer.Text}");
    }

    private static async Task<DescribedAnswers?> ReadAsync(Uri server, CancellationToken cancellationToken)
    {
        if (shared is not null) return shared;
        await Reading.WaitAsync(cancellationToken);
        try
        {
            if (shared is not null) return shared;
            using var answer = await Reader.GetAsync(new Uri(server, "/-/openapi/v4.json"), cancellationToken);
            return answer.IsSuccessStatusCode ? shared = new(await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)) : null;
        }
        finally
        {
            Reading.Release();
        }
    }

    private string? Problem(string method, Uri url, Answer answer)
    {
        var segments = url.AbsolutePath.Trim('/').Split('/');
        if (calls[method].Where(call => call.Matches(segments)).MaxBy(call => call.Rank(segments)) is not { } call) return "no such call is described";
        var responses = call.Described.GetProperty("responses");
        // A call that is there to refuse does more where an operator lets it.
        if (!responses.EnumerateObject().Any(response => response.Name[0] == '2')) return null;
        if (!responses.TryGetProperty(answer.Status.ToString(CultureInfo.InvariantCulture), out var described))
            return "no such status is described";
        if (method == "HEAD") return null;
        if (!described.TryGetProperty("content", out var content)) return answer.Text.Length == 0 ? null : "no body is described";
        if (!content.TryGetProperty("application/json", out var json)) return null; // bytes, or none of them
        return answer.Message.Content.Headers.ContentType?.MediaType == "application/json"
            ? Problem(answer.Json, json.GetProperty("schema"), "$") : "JSON is described";
    }

    private string? Problem(JsonElement value, JsonElement schema, string at)
    {
        if (schema.TryGetProperty("$ref", out var reference)) schema = schemas.GetProperty(reference.GetString()!["#/components/schemas/".Length..]);
        foreach (var name in new[] { "anyOf", "oneOf" })
        {
            if (!schema.TryGetProperty(name, out var choices)) continue;
            var problems = choices.EnumerateArray().Select(choice => Problem(value, choice, at)).ToList();
            return problems.Contains(null) ? null : string.Join(" or ", problems);
        }
        if (schema.TryGetProperty("type", out var type) && !IsOf(value, type)) return $"{at} is not {type}";
        return value.ValueKind switch
        {
            JsonValueKind.Object => ProblemOfObject(value, schema, at),
            JsonValueKind.Array when schema.TryGetProperty("items", out var items) =>
                value.EnumerateArray().Select((item, i) => Problem(item, items, $"{at}[{i}]")).FirstOrDefault(problem => problem is not null),
            JsonValueKind.String when schema.TryGetProperty("format", out var format) => ProblemOfText(value.GetString()!, format.GetString()!, at),
            _ => null,
        };
    }

    private string? ProblemOfObject(JsonElement value, JsonElement schema, string at)
    {
        if (schema.TryGetProperty("required", out var required)
            && required.EnumerateArray().FirstOrDefault(name => !value.TryGetProperty(name.GetString()!, out _)) is { ValueKind: JsonValueKind.String } missing)
            return $"{at}.{missing} is missing";
        var (hasProperties, hasOthers) = (schema.TryGetProperty("properties", out var properties), schema.TryGetProperty("additionalProperties", out var others));
        foreach (var field in value.EnumerateObject())
        {
            if (hasProperties && properties.TryGetProperty(field.Name, out var described))
            {
                if (Problem(field.Value, described, $"{at}.{field.Name}") is { } problem) return problem;
            }
            else if (hasOthers)
            {
                if (Problem(field.Value, others, $"{at}.{field.Name}") is { } problem) return problem;
            }
            else if (hasProperties)
            {
                return $"{at}.{field.Name} is not described";
            }
        }
        return null;
    }

    private static string? ProblemOfText(string text, string format, string at) => format switch
    {
        "date" when !DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) => $"{at} is no date",
        "date-time" when !DateTimeOffset.TryParseExact(
            text, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) => $"{at} is no instant",
        _ => null,
    };

    private static bool IsOf(JsonElement value, JsonElement type) => type.ValueKind == JsonValueKind.Array
        ? type.EnumerateArray().Any(one => IsOf(value, one))
        : type.GetString() switch
        {
            "null" => value.ValueKind == JsonValueKind.Null,
            "object" => value.ValueKind == JsonValueKind.Object,
            "array" => value.ValueKind == JsonValueKind.Array,
            "string" => value.ValueKind == JsonValueKind.String,
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
            _ => value.ValueKind == JsonValueKind.Number,
        };

    private sealed record Call(string Method, string[] Template, JsonElement Described)
    {
        // A last parameter may stand for the rest of a path.
        public bool Matches(string[] path) => (path.Length == Template.Length || (path.Length > Template.Length && IsParameter(Template[^1])))
            && Template.Zip(path).All(pair => IsParameter(pair.First) || pair.First == pair.Second);

        // As routing does: what is spelled out counts more than what is left open.
        public int Rank(string[] path) => (2 * Template.Count(part => !IsParameter(part))) + (path.Length == Template.Length ? 1 : 0);

        private static bool IsParameter(string part) => part.StartsWith('{');
    }
}
