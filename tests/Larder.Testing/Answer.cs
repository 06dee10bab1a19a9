using System.Net.Http.Json;
using System.Text.Json;

namespace Larder.Testing;

/// <summary>A whole answer, read.</summary>
public sealed record Answer(int Status, string Text, HttpResponseMessage Message)
{
    /// <summary>The body as JSON.</summary>
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    /// <summary>The values of a header, joined; empty when it is absent.</summary>
    public string Header(string name) =>
        Message.Headers.TryGetValues(name, out var values) || Message.Content.Headers.TryGetValues(name, out values)
            ? string.Join(", ", values) : "";

    /// <summary>A member of the JSON object as text; null when it is absent or null.</summary>
    public string? this[string name] => Json.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : null;
}

/// <summary>Asking the API in one line.</summary>
public static class Asking
{
    /// <summary>Sends a request to a path below <c>/api/v4</c> with an optional JSON body, and reads the answer.</summary>
    public static async Task<Answer> AskAsync(
        this HttpClient client, string method, string path, CancellationToken cancellationToken, object? json = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), $"/api/v4{path}");
        if (json is not null) request.Content = JsonContent.Create(json);
        return await client.AskAsync(request, cancellationToken);
    }

    /// <summary>Sends any request and reads the answer, which must be as the description of the API says.</summary>
    public static async Task<Answer> AskAsync(this HttpClient client, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await client.SendAsync(request, cancellationToken);
        var answer = new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken), response);
        await DescribedAnswers.CheckAsync(request, answer, cancellationToken);
        return answer;
    }
}
