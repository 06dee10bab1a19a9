using Larder.Registry.Access;
using Larder.Registry.Http;
using Larder.Registry.Namespaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Audit;

/// <summary>
/// GitLab's audit events API: of everything for administrators, of a group for its Owners, of a project for its Maintainers. Pages
/// go by key only (<c>cursor</c>, <c>Link: rel="next"</c>), so that each costs the same.
/// </summary>
internal static class AuditEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v4/audit_events", ListAsync).Requires(Permission.ReadAuditEvents, Surface.Api)
            .Describes("Who changed what, anywhere.", ["entity_type:Project|Group|Instance", "entity_id:integer", "event_name",
                "author_id:integer", "created_after:instant", "created_before:instant", "cursor:integer", ..Page.Parameters])
            .Answers<AuditEventJson[]>(headers: "Link");
        app.MapGet("/api/v4/groups/{id}/audit_events", ListOfGroupAsync).Requires(Permission.ManageGroup, Surface.Api)
            .Describes("Who changed what in a group.", ["event_name", "author_id:integer", "created_after:instant",
                "created_before:instant", "cursor:integer", ..Page.Parameters])
            .Answers<AuditEventJson[]>(headers: "Link");
        app.MapGet("/api/v4/projects/{id}/audit_events", ListOfProjectAsync).Requires(Permission.ManageProject, Surface.Api)
            .Describes("Who changed what in a project.", ["event_name", "author_id:integer", "created_after:instant",
                "created_before:instant", "cursor:integer", ..Page.Parameters])
            .Answers<AuditEventJson[]>(headers: "Link");
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, Gate gate, AuditLog log, LarderOptions options, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var filter = new AuditFilter(parameters.OneOf("entity_type", EntityTypes.Project, EntityTypes.Group, EntityTypes.Instance), parameters.Number("entity_id"));
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        return await AnswerAsync(context, log, options, parameters, filter, cancellationToken);
    }

    private static async Task<IResult> ListOfGroupAsync(
        HttpContext context, NamespaceStore namespaces, Gate gate, AuditLog log, LarderOptions options, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var group = await namespaces.FindGroupAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, group) is { } refusal) return refusal;
        return await AnswerAsync(context, log, options, parameters, new AuditFilter(EntityTypes.Group, group!.Id), cancellationToken);
    }

    private static async Task<IResult> ListOfProjectAsync(
        HttpContext context, ProjectStore projects, Gate gate, AuditLog log, LarderOptions options, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        return await AnswerAsync(context, log, options, parameters, new AuditFilter(EntityTypes.Project, project!.Id), cancellationToken);
    }

    private static async Task<IResult> AnswerAsync(
        HttpContext context, AuditLog log, LarderOptions options, ApiParameters parameters, AuditFilter filter, CancellationToken cancellationToken)
    {
        var page = Page.Read(parameters);
        var before = parameters.Number("cursor");
        filter = filter with
        {
            EventName = parameters.Text("event_name"), AuthorId = parameters.Number("author_id"),
            CreatedAfter = parameters.Instant("created_after"), CreatedBefore = parameters.Instant("created_before"),
        };
        if (parameters.Problems is { } problems) return problems;
        var events = await log.ListAsync(filter, before, page.Size, cancellationToken);
        if (events.Count == page.Size) page.WriteNextLink(context, "cursor", events[^1].Id, options.ExternalUrl);
        return ApiJson.Answer(events.Select(AuditEventJson.Of));
    }
}
