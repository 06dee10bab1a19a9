using System.Globalization;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Http;

namespace Larder.Web;

/// <summary>The way to the pages before and after this one of a list; null where there is none.</summary>
public sealed record ListPages(int Number, string? Previous, string? Next);

/// <summary>What the query of a page with a list says: <c>search</c> and <c>page</c>. A value that makes no sense is as if it were not there.</summary>
internal sealed record ListQuery(string? Search, Page Page, ApiParameters Parameters)
{
    private const int Size = 25;
    private const int LongestSearch = 200;
    private const int LastPage = 100_000;

    public static async ValueTask<ListQuery> ReadAsync(HttpContext context)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var search = parameters.Text("search")?.Trim();
        if (search?.Length > LongestSearch) search = search[..LongestSearch];
        if (parameters.Problems is not null || string.IsNullOrEmpty(search)) search = null;
        var number = int.TryParse(parameters.Text("page"), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 1;
        return new(search, new Page(Math.Clamp(number, 1, LastPage), Size), parameters);
    }

    /// <param name="context">The request.</param>
    /// <param name="total">Of all rows, counted up to some number: beyond it there may be more.</param>
    public ListPages Pages(HttpContext context, long total) => new(Page.Number,
        Page.Number == 1 ? null : Links.With(context.Request, "page", Page.Number == 2 ? null : Text(Page.Number - 1)),
        Page.Offset + Page.Size < total || total >= Page.CountLimit ? Links.With(context.Request, "page", Text(Page.Number + 1)) : null);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
