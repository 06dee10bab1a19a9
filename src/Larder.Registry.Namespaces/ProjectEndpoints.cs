using Larder.Registry.Access;
using Larder.Registry.Audit;
using Larder.Registry.Data;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Namespaces;

/// <summary>GitLab's projects API, as far as packages need it.</summary>
internal static class ProjectEndpoints
{
    private const string RegistryAccessName = "package_registry_access_level";
    private const string PackagesEnabledName = "packages_enabled";

    public static void Map(IEndpointRouteBuilder app)
    {
        var projects = app.MapGroup("/api/v4/projects");
        projects.MapGet("", ListAsync).Requires(Permission.ListProjects, Surface.Api)
            .Describes("Lists the projects that one may see.", ["search", "visibility:private|internal|public", "membership:boolean",
                "owned:boolean", "min_access_level:integer", "order_by:id|name|path|created_at|updated_at|last_activity_at",
                "sort:asc|desc", "simple:boolean", ..Page.Parameters])
            .AnswersPage<ProjectJson, SimpleProjectJson>();
        projects.MapPost("", CreateAsync).Requires(Permission.CreateProject, Surface.Api)
            .Describes("Makes a project, in a group or in the space of the caller.", "name", "path", "namespace_id:integer",
                "visibility:private|internal|public", "description", "package_registry_access_level:disabled|private|enabled|public",
                "packages_enabled:boolean")
            .Answers<ProjectJson>(StatusCodes.Status201Created).Audits("project_created");
        projects.MapGet("/{id}", GetAsync).Requires(Permission.ReadProject, Surface.Api)
            .Describes("One project.").Answers<ProjectJson>();
        projects.MapPut("/{id}", UpdateAsync).Requires(Permission.ManageProject, Surface.Api)
            .Describes("Changes a project.", "name", "path", "visibility:private|internal|public", "description",
                "package_registry_access_level:disabled|private|enabled|public", "packages_enabled:boolean")
            .Answers<ProjectJson>().Audits("project_updated");
    }

    /// <summary>The filters that every listing of projects has.</summary>
    public static ProjectFilter Filter(ApiParameters parameters)
    {
        var level = Levels.Minimum(parameters);
        if (parameters.Flag("membership") is true && level == AccessLevel.None) level = AccessLevel.Guest;
        if (parameters.Flag("owned") is true) level = AccessLevel.Owner;
        return new ProjectFilter(
            Inside: null, IncludeSubgroups: false, parameters.Text("search"),
            parameters.OneOf("visibility", Visibility.Private, Visibility.Internal, Visibility.Public), level,
            parameters.OneOf("order_by", "id", "name", "path", "created_at", "updated_at", "last_activity_at") ?? "created_at",
            parameters.OneOf("sort", "asc", "desc") == "asc");
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, Gate gate, ProjectStore projects, ProjectAnswers json, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        var filter = Filter(parameters);
        var simple = parameters.Flag("simple") ?? false;
        var page = Page.Read(parameters);
        if (parameters.Problems is { } problems) return problems;
        if (await gate.CheckAsync(context) is { } refusal) return refusal;
        return await json.ListAsync(context, page, await projects.ListAsync(context.Caller(), filter, page, cancellationToken), simple);
    }

    private static async Task<IResult> GetAsync(
        HttpContext context, Gate gate, ProjectStore projects, ProjectAnswers json, CancellationToken cancellationToken)
    {
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        return ApiJson.Answer(await json.OfAsync(context, project!));
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, Gate gate, NamespaceStore namespaces, ProjectStore projects, ProjectAnswers json, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        if (!parameters.Has("name") && !parameters.Has("path"))
            parameters.Problem("name, path are missing, at least one parameter must be provided");
        var name = parameters.FilledText("name") ?? parameters.Text("path") ?? "";
        var path = parameters.FilledText("path") ?? PathRules.Of(name);
        var namespaceId = parameters.Number("namespace_id");
        var visibility = parameters.OneOf("visibility", Visibility.Private, Visibility.Internal, Visibility.Public) ?? Visibility.Private;
        var registryAccess = RegistryAccessOf(parameters, RegistryAccess.Enabled);
        if (parameters.Problems is { } problems) return problems;
        if (await gate.CheckAsync(context) is { } refusal) return refusal;

        var caller = context.Caller();
        var home = namespaceId is { } id
            ? await namespaces.FindByIdAsync(id, cancellationToken)
            : await namespaces.FindPersonalAsync(caller.UserId!.Value, cancellationToken);
        if (home is null || !await gate.AllowsAsync(caller, Permission.CreateProjectInGroup, home, cancellationToken))
            return ApiError.Model("namespace", "is not valid");
        if (Texts.TooLong("name", name) is { } tooLong) return tooLong;
        if (PathRules.Problem(path, atTop: false, home.FullPath) is { } pathProblem) return ApiError.Model("path", pathProblem);
        if (home.Kind == NamespaceKind.Group && !VisibilityRules.Fits(visibility, home.Visibility))
            return ApiError.Model("visibility_level", $"{visibility} is not allowed in a {home.Visibility} group.");
        try
        {
            var project = await projects.CreateAsync(
                new NewProject(home, name, path, visibility, registryAccess, parameters.Text("description") ?? "", caller.UserId), cancellationToken);
            context.HasMade(project);
            return ApiJson.Answer(await json.OfAsync(context, project), StatusCodes.Status201Created);
        }
        catch (DuplicateRowException)
        {
            return ApiError.Model("path", "has already been taken");
        }
    }

    // What is not sent stays as it is; what GitLab knows and Larder does not have is overlooked.
    private static async Task<IResult> UpdateAsync(
        HttpContext context, Gate gate, NamespaceStore namespaces, ProjectStore projects, ProjectAnswers json, CancellationToken cancellationToken)
    {
        var parameters = await ApiParameters.ReadAsync(context);
        parameters.RequireOneOf("name", "path", "description", "visibility", RegistryAccessName, PackagesEnabledName);
        var (name, path) = (parameters.FilledText("name"), parameters.FilledText("path"));
        var visibility = parameters.OneOf("visibility", Visibility.Private, Visibility.Internal, Visibility.Public);
        RegistryAccessOf(parameters, RegistryAccess.Enabled);
        if (parameters.Problems is { } problems) return problems;
        var project = await projects.FindAsync(context.Segment("id"), cancellationToken);
        if (await gate.CheckAsync(context, project) is { } refusal) return refusal;
        var changes = new ProjectChanges(name ?? project!.Name, path ?? project!.Path, visibility ?? project!.Visibility,
            parameters.Text("description") ?? project!.Description, RegistryAccessOf(parameters, project!.RegistryAccess));
        if ((changes.Path != project.Path || changes.Visibility != project.Visibility)
            && await gate.CheckAsync(context, project, Permission.AdministerProject) is { } refused) return refused;
        var home = (await namespaces.FindByIdAsync(project.NamespaceId, cancellationToken))!;
        if (Texts.TooLong("name", changes.Name) is { } tooLong) return tooLong;
        if (changes.Path != project.Path && PathRules.Problem(changes.Path, atTop: false, home.FullPath) is { } pathProblem)
            return ApiError.Model("path", pathProblem);
        if (home.Kind == NamespaceKind.Group && !VisibilityRules.Fits(changes.Visibility, home.Visibility))
            return ApiError.Model("visibility_level", $"{changes.Visibility} is not allowed in a {home.Visibility} group.");
        try
        {
            return await projects.UpdateAsync(project, changes, cancellationToken) is { } updated
                ? ApiJson.Answer(await json.OfAsync(context, updated))
                : ApiError.NotFound("Project");
        }
        catch (DuplicateRowException)
        {
            return ApiError.Model("path", "has already been taken");
        }
    }

    // packages_enabled is the older way to say it; it cannot tell the ways of being enabled apart.
    private static string RegistryAccessOf(ApiParameters parameters, string before) =>
        parameters.OneOf(RegistryAccessName,
            RegistryAccess.Disabled, RegistryAccess.Private, RegistryAccess.Enabled, RegistryAccess.Public)
        ?? parameters.Flag(PackagesEnabledName) switch
        {
            false => RegistryAccess.Disabled,
            true when before == RegistryAccess.Disabled => RegistryAccess.Enabled,
            _ => before,
        };
}
