using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Larder.Registry.Http;

/// <summary>Which part of a listing is wanted: offset pagination (generic-packages contract section 4.8).</summary>
/// <param name="Number">From 1.</param>
/// <param name="Size">1 to 100.</param>
public readonly record struct Page(int Number, int Size)
{
    private const int LargestSize = 100;

    // Beyond this many rows counting costs more than the answer is worth: totals and rel="last" are left out.
    private const int MostCounted = 10_000;

    private static readonly string[] SecretParameters = ["private_token", "job_token", "token", "access_token", "bearer_token"];

    /// <summary>What <see cref="Read"/> reads, as <see cref="ParameterDescription.Parse"/> takes it.</summary>
    public static IReadOnlyList<string> Parameters { get; } = ["page:integer", "per_page:integer"];

    /// <summary>What <see cref="WriteHeaders"/> writes, in the same notation; behind a key there is <c>Link</c> alone.</summary>
    public static IReadOnlyList<string> Headers { get; } =
        ["X-Total:integer", "X-Total-Pages:integer", "X-Per-Page:integer", "X-Page:integer", "X-Next-Page", "X-Prev-Page", "Link"];

    /// <summary>Rows to skip.</summary>
    public long Offset => (Number - 1L) * Size;

    /// <summary>A <c>limit</c> for counting queries: more rows than this are not counted.</summary>
    public static int CountLimit => MostCounted + 1;

    /// <summary>Reads <c>page</c> and <c>per_page</c>: defaults 1 and 20, above 100 is taken as 100, below 1 is refused.</summary>
    public static Page Read(ApiParameters parameters)
    {
        var number = parameters.Number("page") ?? 1;
        var size = parameters.Number("per_page") ?? 20;
        if (number is < 1 or >= int.MaxValue) parameters.Problem("page does not have a valid value");
        if (size < 1) parameters.Problem("per_page has a value not allowed");
        return new Page((int)Math.Clamp(number, 1, int.MaxValue), (int)Math.Clamp(size, 1, LargestSize));
    }

    /// <summary>Writes the <c>X-…</c> and <c>Link</c> headers.</summary>
    /// <param name="context">The request.</param>
    /// <param name="total">How many rows there are; may stop at <see cref="CountLimit"/>.</param>
    /// <param name="externalUrl">The configured base of links, if any.</param>
    /// <param name="rows">
    /// How many rows this page has. Where there are too many to count, only a page that is not full tells that it is the last:
    /// clients follow the links until there is no next one.
    /// </param>
    public void WriteHeaders(HttpContext context, long total, string? externalUrl, int rows)
    {
        var counted = total <= MostCounted;
        var lastPage = (int)Math.Max(1, (total + Size - 1) / Size);
        var isLast = counted ? Number >= lastPage : rows < Size;
        int? next = isLast || Number == int.MaxValue ? null : Number + 1;
        int? previous = Number > 1 ? Number - 1 : null;
        var headers = context.Response.Headers;
        if (counted)
        {
            headers["X-Total"] = Text((int)total);
            headers["X-Total-Pages"] = Text(lastPage);
        }
        headers["X-Per-Page"] = Text(Size);
        headers["X-Page"] = Text(Number);
        headers["X-Next-Page"] = Text(next);
        headers["X-Prev-Page"] = Text(previous);
        var links = new List<string>(4);
        if (previous is { } p) links.Add(Link(context, externalUrl, p, "prev"));
        if (next is { } n) links.Add(Link(context, externalUrl, n, "next"));
        links.Add(Link(context, externalUrl, 1, "first"));
        if (counted) links.Add(Link(context, externalUrl, lastPage, "last"));
        headers.Link = string.Join(", ", links);
    }

    /// <summary>
    /// Writes the link to what lies behind the last row of a page, for listings that take a key instead of a page number
    /// (<c>pagination=keyset</c>): such a page costs the same wherever it is.
    /// </summary>
    public void WriteNextLink(HttpContext context, string parameter, long key, string? externalUrl) =>
        context.Response.Headers.Link = Link(context, externalUrl, parameter, key.ToString(CultureInfo.InvariantCulture), "next");

    private static string Text(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";

    private string Link(HttpContext context, string? externalUrl, int page, string relation) =>
        Link(context, externalUrl, "page", Text(page), relation);

    private string Link(HttpContext context, string? externalUrl, string parameter, string value, string relation)
    {
        var query = new Dictionary<string, StringValues>(context.Request.Query)
        {
            [parameter] = value,
            ["per_page"] = Text(Size),
        };
        foreach (var name in SecretParameters) query.Remove(name); // a link is copied and logged
        var url = new StringBuilder("<").Append(ExternalUrl.Base(context, externalUrl)).Append(context.Request.Path.ToUriComponent());
        return url.Append(QueryString.Create(query).ToUriComponent()).Append(">; rel=\"").Append(relation).Append('"').ToString();
    }
}
