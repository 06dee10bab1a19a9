using System.Globalization;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Web.Administration;

/// <summary>What was asked of the audit log, as it was typed.</summary>
public sealed record AuditQuestion(string Who, string What, string Where, string From, string To);

/// <summary>The audit log, a page at a time: each costs the same, however many there are.</summary>
internal static class AuditPages
{
    private const int Size = 50;

    public static void Map(IEndpointRouteBuilder admin) => admin.MapGet(AdminLinks.Audit, ShowAsync);

    private static async Task<IResult> ShowAsync(HttpContext context, AuditLog log, EndpointDataSource endpoints, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var asked = new AuditQuestion(Text("who"), Text("what"), Text("where").Trim('/'), Text("from"), Text("to"));
        var filter = new AuditFilter(
            EventName: Given(asked.What), AuthorName: Given(asked.Who), EntityPath: Given(asked.Where),
            CreatedAfter: Midnight(asked.From, 0), CreatedBefore: Midnight(asked.To, 1) - 1);
        var before = long.TryParse(Text("before"), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : (long?)null;
        var events = await log.ListAsync(filter, before, Size + 1, cancellationToken);
        return context.Page<AuditPage>(StatusCodes.Status200OK, ("Asked", asked), ("Events", events.Take(Size).ToList()), ("Names", AuditEventNames.All(endpoints)),
            ("First", before is null ? null : Links.With(context.Request, "before", null)),
            ("Next", events.Count <= Size ? null : Links.With(context.Request, "before", events[Size - 1].Id.ToString(CultureInfo.InvariantCulture))));

        string Text(string name) => parameters.Text(name)?.Trim() ?? "";
    }

    private static string? Given(string text) => text.Length == 0 ? null : text;

    // A day that is none is as if it were not there.
    private static long? Midnight(string day, int later) =>
        DateOnly.TryParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) && date < DateOnly.MaxValue
            ? new DateTimeOffset(date.AddDays(later), TimeOnly.MinValue, TimeSpan.Zero).ToUnixTimeMilliseconds() : null;
}
