using Microsoft.AspNetCore.Builder;

namespace Larder.Registry.Http;

/// <summary>
/// The metadata of an endpoint that says what it is for and which parameters it takes. <see cref="ApiParameters"/> gives out only
/// parameters that stand here, so what is described is all there is.
/// </summary>
/// <param name="Summary">One sentence.</param>
/// <param name="Parameters">Those of query, form or body; those of the path stand in the route.</param>
public sealed record CallDescription(string Summary, IReadOnlyList<ParameterDescription> Parameters);

/// <summary>One parameter.</summary>
/// <param name="Name">As on the wire.</param>
/// <param name="Kind"><c>text</c>, <c>integer</c>, <c>boolean</c>, <c>date</c>, <c>instant</c> (ISO 8601), <c>list</c> of texts, or <c>object</c>.</param>
/// <param name="IsRequired">Whether it must be there.</param>
/// <param name="Words">The only values, where they are few.</param>
public sealed record ParameterDescription(string Name, string Kind, bool IsRequired, IReadOnlyList<string> Words)
{
    private static readonly string[] Kinds = ["text", "integer", "boolean", "date", "instant", "list", "object"];

    /// <summary>
    /// Reads <c>name</c>, <c>name!</c> (required), <c>name:kind</c> or <c>name:one|other</c> (the only values).
    /// </summary>
    /// <exception cref="FormatException">There is no such kind.</exception>
    public static ParameterDescription Parse(string text)
    {
        var (name, kind) = text.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0 ? (text[..colon], text[(colon + 1)..]) : (text, "text");
        var words = kind.Contains('|', StringComparison.Ordinal) ? kind.Split('|') : [];
        if (words.Length == 0 && !Kinds.Contains(kind)) throw new FormatException($"{text}: there is no kind of parameter '{kind}'.");
        return new(name.TrimEnd('!'), words.Length > 0 ? "text" : kind, name.EndsWith('!'), words);
    }
}

/// <summary>Attaches <see cref="CallDescription"/> to endpoints.</summary>
public static class CallDescriptions
{
    /// <summary>Says what the endpoint is for and what it takes, each parameter as <see cref="ParameterDescription.Parse"/> reads it.</summary>
    public static RouteHandlerBuilder Describes(this RouteHandlerBuilder endpoint, string summary, params IEnumerable<string> parameters) =>
        endpoint.WithMetadata(new CallDescription(summary, [.. parameters.Select(ParameterDescription.Parse)]));
}
