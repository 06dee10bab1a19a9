using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Namespaces;

/// <summary>GitLab's members API, the same for groups and for projects.</summary>
internal static class MemberEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        MapIn(app.MapGroup("/api/v4/groups/{id}/members"), Permission.ReadGroupMembers, Permission.ManageGroup);
        MapIn(app.MapGroup("/api/v4/projects/{id}/members").WithMetadata(new AboutProject()), Permission.ReadProjectMembers, Permission.ManageProject);
    }

    private static void MapIn(RouteGroupBuilder members, Permission read, Permission manage)
    {
        members.MapGet("", ListAsync).Requires(read, Surface.Api)
            .Describes("Lists the members of this place.", ["query", ..Page.Parameters]).AnswersPage<MemberJson>();
        members.MapPost("", AddAsync).Requires(manage, Surface.Api)
            .Describes("Adds a member.", "user_id:integer", "username", "access_level!:integer", "expires_at:date")
            .Answers<MemberJson>(StatusCodes.Status201Created).Audits("member_added");
        members.MapGet("/all", ListAllAsync).Requires(read, Surface.Api)
            .Describes("Lists them with those of the groups around.", ["query", ..Page.Parameters]).AnswersPage<MemberJson>();
        members.MapGet("/all/{user_id}", GetInheritedAsync).Requires(read, Surface.Api)
            .Describes("One member, of this place or of a group around.").Answers<MemberJson>();
        members.MapPut("/{user_id}", ChangeAsync).Requires(manage, Surface.Api)
            .Describes("Changes a member.", "access_level!:integer", "expires_at:date")
            .Answers<MemberJson>().Audits("member_changed");
        // Who may read may leave.
        members.MapDelete("/{user_id}", RemoveAsync).Requires(read, Surface.Api)
            .Describes("Removes a member.", "skip_subresources:boolean")
            .AnswersNothing().Audits("member_removed");
        members.MapGet("/{user_id}", GetAsync).Requires(read, Surface.Api)
            .Describes("One member.").Answers<MemberJson>();
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, Places places, MemberStore members, LarderOptions options, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var page = Page.Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        var (place, _, refusal) = await places.FindAsync(context);
        if (refusal is not null) return refusal;
        return Listing(context, options, page, await members.ListAsync(place!, parameters.Text("query"), page, cancellationToken));
    }

    private static async Task<IResult> ListAllAsync(
        HttpContext context, Places places, MemberStore members, LarderOptions options, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var page = Page.Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        var (place, lineage, refusal) = await places.FindAsync(context);
        if (refusal is not null) return refusal;
        return Listing(context, options, page, await members.ListAllAsync(place!, lineage, parameters.Text("query"), page, cancellationToken));
    }

    private static async Task<IResult> GetAsync(
        HttpContext context, Places places, MemberStore members, LarderOptions options, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "user_id", out var userId, out var invalid)) return invalid;
        var (place, _, refusal) = await places.FindAsync(context);
        return refusal ?? One(context, options, await members.FindAsync(place!, userId, cancellationToken));
    }

    private static async Task<IResult> GetInheritedAsync(
        HttpContext context, Places places, MemberStore members, LarderOptions options, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "user_id", out var userId, out var invalid)) return invalid;
        var (place, lineage, refusal) = await places.FindAsync(context);
        return refusal ?? One(context, options, await members.FindInheritedAsync(place!, lineage, userId, cancellationToken));
    }

    private static async Task<IResult> AddAsync(
        HttpContext context, Places places, UserStore users, MemberStore members, LarderOptions options,
        CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var level = parameters.RequiredNumber("access_level");
        var expiresOn = parameters.Day("expires_at");
        var username = parameters.Text("username");
        var userId = username is null ? parameters.RequiredNumber("user_id") : 0;
        if (parameters.Problems is { } problems) return problems;
        var (place, _, refusal) = await places.FindAsync(context);
        if (refusal is not null) return refusal;
        if (!Levels.TryLevel(level, out var granted) || (granted == AccessLevel.Minimal && place!.ProjectId is not null))
            return ApiError.Model("access_level", "is not included in the list");
        if (!await places.MayGrantAsync(context, place!, granted)) return ApiError.Forbidden();
        var user = username is null
            ? await users.FindAsync(userId, cancellationToken)
            : await users.FindByNameAsync(username, cancellationToken);
        if (user is null) return ApiError.NotFound("User");
        try
        {
            await members.AddAsync(place!, user.Id, granted, ApiJson.Midnight(expiresOn), cancellationToken);
        }
        catch (DuplicateRowException)
        {
            return ApiError.Conflict("Member already exists");
        }
        return One(context, options, await members.FindAsync(place!, user.Id, cancellationToken), StatusCodes.Status201Created);
    }

    private static async Task<IResult> ChangeAsync(
        HttpContext context, Places places, MemberStore members, LarderOptions options, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "user_id", out var userId, out var invalid)) return invalid;
        var parameters = await ApiParameters.ReadAsync(context);
        var level = parameters.RequiredNumber("access_level");
        var expiresOn = parameters.Day("expires_at");
        if (parameters.Problems is { } problems) return problems;
        var (place, _, refusal) = await places.FindAsync(context);
        if (refusal is not null) return refusal;
        if (!Levels.TryLevel(level, out var granted) || (granted == AccessLevel.Minimal && place!.ProjectId is not null))
            return ApiError.Model("access_level", "is not included in the list");
        if (await members.FindAsync(place!, userId, cancellationToken) is not { } member) return ApiError.RowNotFound();
        // Neither above oneself, nor whoever is above oneself.
        var highest = (AccessLevel)Math.Max((long)granted, member.AccessLevel);
        if (!await places.MayGrantAsync(context, place!, highest)) return ApiError.Forbidden();
        var expiresAt = parameters.Has("expires_at") ? ApiJson.Midnight(expiresOn) : member.ExpiresAt;
        return await members.ChangeAsync(place!, userId, granted, expiresAt, cancellationToken)
            ? One(context, options, await members.FindAsync(place!, userId, cancellationToken))
            : ApiError.Forbidden();
    }

    private static async Task<IResult> RemoveAsync(
        HttpContext context, Places places, MemberStore members, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "user_id", out var userId, out var invalid)) return invalid;
        var parameters = await ApiParameters.ReadAsync(context);
        var onlyHere = parameters.Flag("skip_subresources") ?? false;
        if (parameters.Problems is { } problems) return problems;
        var (place, lineage, refusal) = await places.FindAsync(context);
        if (refusal is not null) return refusal;
        var member = await members.FindAsync(place!, userId, cancellationToken);
        if (userId != context.Caller().UserId)
        {
            if (await places.MayManageAsync(context, place!) is { } refused) return refused;
            if (member is not null && !await places.MayGrantAsync(context, place!, (AccessLevel)member.AccessLevel)) return ApiError.Forbidden();
        }
        if (member is null) return ApiError.RowNotFound();
        return await members.RemoveAsync(place!, lineage, userId, onlyHere, cancellationToken) ? Results.NoContent() : ApiError.Forbidden();
    }

    private static IResult Listing(HttpContext context, LarderOptions options, Page page, (IReadOnlyList<Member> Members, long Total) found)
    {
        page.WriteHeaders(context, found.Total, options.ExternalUrl, found.Members.Count);
        var baseUrl = ExternalUrl.Base(context, options.ExternalUrl);
        return ApiJson.Answer(found.Members.Select(member => MemberJson.Of(member, baseUrl)));
    }

    private static IResult One(HttpContext context, LarderOptions options, Member? member, int status = StatusCodes.Status200OK) =>
        member is null
            ? ApiError.RowNotFound()
            : ApiJson.Answer(MemberJson.Of(member, ExternalUrl.Base(context, options.ExternalUrl)), status);
}
