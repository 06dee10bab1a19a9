using Larder.Registry.Access;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Http;

namespace Larder.Registry.Namespaces;

/// <summary>Makes the answers about projects.</summary>
internal sealed class ProjectAnswers(NamespaceStore namespaces, MemberStore members, Memberships memberships, LarderOptions options)
{
    /// <summary>One project, with what the caller may there.</summary>
    public async ValueTask<ProjectJson> OfAsync(HttpContext context, Project project)
    {
        var (home, fullName) = await HomeAsync(project, context.RequestAborted);
        return new(project, home, fullName, ExternalUrl.Base(context, options.ExternalUrl),
            await PermissionsAsync(context.Caller(), project, home, context.RequestAborted));
    }

    /// <summary>A page of projects, with its headers; in short when <paramref name="simple"/>.</summary>
    public async ValueTask<IResult> ListAsync(
        HttpContext context, Page page, (IReadOnlyList<Project> Projects, long Total) found, bool simple)
    {
        page.WriteHeaders(context, found.Total, options.ExternalUrl, found.Projects.Count);
        var baseUrl = ExternalUrl.Base(context, options.ExternalUrl);
        var shown = new List<object>(found.Projects.Count); // each is written as what it is
        foreach (var project in found.Projects)
        {
            var (home, fullName) = await HomeAsync(project, context.RequestAborted);
            shown.Add(simple ? new SimpleProjectJson(project, home, fullName, baseUrl) : new ProjectJson(project, home, fullName, baseUrl, permissions: null));
        }
        return ApiJson.Answer(shown);
    }

    private async ValueTask<(Namespace Home, string FullName)> HomeAsync(Project project, CancellationToken cancellationToken)
    {
        var home = (await namespaces.FindByIdAsync(project.NamespaceId, cancellationToken))!;
        return (home, await namespaces.FullNameAsync(home, cancellationToken));
    }

    private async ValueTask<ProjectPermissionsJson?> PermissionsAsync(
        Caller caller, Project project, Namespace home, CancellationToken cancellationToken)
    {
        if (caller.UserId is not { } userId) return null;
        var direct = await members.FindAsync(new Place(project.Id, null), userId, cancellationToken);
        var above = await memberships.LevelAsync(userId, home, cancellationToken);
        // The owner of a personal namespace counts as a member of the project itself.
        var personal = home.Kind == NamespaceKind.User;
        return new(ProjectAccessJson.Of(direct?.AccessLevel ?? (personal ? (long)above : 0)), ProjectAccessJson.Of(personal ? 0 : (long)above));
    }
}
