using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Namespaces;

/// <summary>
/// Minting, listing and ending job tokens, which is Larder's own: it runs no jobs. Below it GitLab's API of the projects whose jobs may
/// use a project.
/// </summary>
internal static class JobTokenEndpoints
{
    private const long DefaultSeconds = 60 * 60;
    private const long MostSeconds = 7 * 24 * 60 * 60;

    public static void Map(IEndpointRouteBuilder app)
    {
        var project = app.MapGroup("/api/v4/projects/{id}");
        project.MapGet("/job_tokens", ListAsync).Requires(Permission.ManageJobTokens, Surface.Api)
            .Describes("Lists the job tokens of the project that still work.", [..Page.Parameters]).AnswersPage<JobTokenJson>();
        project.MapPost("/job_tokens", MintAsync).Requires(Permission.ManageJobTokens, Surface.Api)
            .Describes("Makes a job token of the project; its text is told only now.", "user_id:integer", "expires_in:integer")
            .Answers<NewJobTokenJson>(StatusCodes.Status201Created).Audits("job_token_minted");
        project.MapDelete("/job_tokens/{token_id}", EndAsync).Requires(Permission.ManageJobTokens, Surface.Api)
            .Describes("Ends a job token.")
            .AnswersNothing().Audits("job_token_ended");
        project.MapGet("/job_token_scope", ScopeAsync).Requires(Permission.ManageJobTokens, Surface.Api)
            .Describes("Whether other projects' jobs are let in.").Answers<JobTokenScopeJson>();
        project.MapGet("/job_token_scope/allowlist", AllowlistAsync).Requires(Permission.ManageJobTokens, Surface.Api)
            .Describes("Lists the projects whose jobs may use this one.", [..Page.Parameters]).AnswersPage<SimpleProjectJson>();
        project.MapPost("/job_token_scope/allowlist", AllowAsync).Requires(Permission.ManageJobTokens, Surface.Api)
            .Describes("Lets the jobs of another project in.", "target_project_id!:integer")
            .Answers<AllowedProjectJson>(StatusCodes.Status201Created).Audits("job_token_allowlist_extended");
        project.MapDelete("/job_token_scope/allowlist/{target_project_id}", DisallowAsync).Requires(Permission.ManageJobTokens, Surface.Api)
            .Describes("Shuts them out.")
            .AnswersNothing().Audits("job_token_allowlist_reduced");
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, Gate gate, ProjectStore projects, JobTokenStore tokens, LarderOptions options, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var page = Page.Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        var (found, total) = await tokens.ListAsync(project!.Id, page, cancellationToken);
        page.WriteHeaders(context, total, options.ExternalUrl, found.Count);
        return ApiJson.Answer(found.Select(JobTokenJson.Of));
    }

    private static async Task<IResult> MintAsync(
        HttpContext context, Gate gate, ProjectStore projects, UserStore users, JobTokenStore tokens, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var userId = parameters.Number("user_id");
        var seconds = parameters.Number("expires_in") ?? DefaultSeconds;
        if (seconds is < 1 or > MostSeconds) parameters.Problem("expires_in does not have a valid value");
        if (parameters.Problems is { } problems) return problems;
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        var caller = context.Caller();
        if (userId is not null && userId != caller.UserId)
        {
            if (!caller.IsAdmin) return ApiError.Forbidden();
            if (await users.FindAsync(userId.Value, cancellationToken) is null) return ApiError.NotFound("User");
        }
        var (token, text) = await tokens.CreateAsync(
            project!.Id, userId ?? caller.UserId!.Value, TimeSpan.FromSeconds(seconds), cancellationToken);
        return ApiJson.Answer(NewJobTokenJson.Of(token, text), StatusCodes.Status201Created);
    }

    private static async Task<IResult> EndAsync(
        HttpContext context, Gate gate, ProjectStore projects, JobTokenStore tokens, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "token_id", out var id, out var invalid)) return invalid;
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        return await tokens.EndAsync(project!.Id, id, cancellationToken) ? Results.NoContent() : ApiError.RowNotFound();
    }

    private static async Task<IResult> ScopeAsync(HttpContext context, Gate gate, ProjectStore projects, CancellationToken cancellationToken)
    {
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        return ApiJson.Answer(new JobTokenScopeJson(InboundEnabled: true, OutboundEnabled: false));
    }

    private static async Task<IResult> AllowlistAsync(
        HttpContext context, Gate gate, ProjectStore projects, JobTokenAllowlist allowlist, ProjectAnswers json, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var page = Page.Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        return await json.ListAsync(context, page, await allowlist.ListAsync(project!.Id, page, cancellationToken), simple: true);
    }

    private static async Task<IResult> AllowAsync(
        HttpContext context, Gate gate, ProjectStore projects, JobTokenAllowlist allowlist, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var targetId = parameters.RequiredNumber("target_project_id");
        if (parameters.Problems is { } problems) return problems;
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        var target = await projects.FindByIdAsync(targetId, cancellationToken);
        if (target is null || !await gate.AllowsAsync(context.Caller(), Permission.ReadProject, target, cancellationToken))
            return ApiError.NotFound("Project");
        // Its own jobs may anyway.
        if (target.Id == project!.Id || !await allowlist.TryAddAsync(project.Id, target.Id, cancellationToken))
            return ApiError.BadRequest("This project is already in the job token allowlist.");
        return ApiJson.Answer(new AllowedProjectJson(project.Id, target.Id), StatusCodes.Status201Created);
    }

    private static async Task<IResult> DisallowAsync(
        HttpContext context, Gate gate, ProjectStore projects, JobTokenAllowlist allowlist, CancellationToken cancellationToken)
    {
        if (!RowId.TryRead(context, "target_project_id", out var targetId, out var invalid)) return invalid;
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        return await allowlist.RemoveAsync(project!.Id, targetId, cancellationToken) ? Results.NoContent() : ApiError.RowNotFound();
    }
}
