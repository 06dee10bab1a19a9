using System.Globalization;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;
using Microsoft.AspNetCore.Http;

namespace Larder.Web;

/// <summary>The addresses of the pages: the one place that builds them. Names are percent-encoded here, and by nobody else.</summary>
public static class Links
{
    /// <summary>Groups and projects that one may see.</summary>
    public const string Home = "/";

    /// <summary>The API, described.</summary>
    public const string Api = "/-/api/";

    /// <summary>The form of signing in.</summary>
    public const string SignIn = "/-/sign_in";

    /// <summary>Ends the session (POST).</summary>
    public const string SignOut = "/-/sign_out";

    /// <summary>One's own access tokens.</summary>
    public const string Tokens = "/-/tokens";

    /// <summary>Signing in, and then back to a page.</summary>
    public static string SignInAndReturn(string path) => $"{SignIn}?return={Uri.EscapeDataString(path)}";

    /// <summary>A new group, inside another one where <paramref name="parent"/> is its id.</summary>
    public static string NewGroup(long? parent = null) => parent is { } id ? $"/-/groups/new?parent={Number(id)}" : "/-/groups/new";

    /// <summary>A new project in the namespace with this id, or in one's own.</summary>
    public static string NewProject(long? @namespace = null) =>
        @namespace is { } id ? $"/-/projects/new?namespace={Number(id)}" : "/-/projects/new";

    /// <summary>A group or project by its full path.</summary>
    public static string Place(string fullPath) => "/" + string.Join('/', fullPath.Split('/').Select(Uri.EscapeDataString));

    /// <summary>A package.</summary>
    public static string Package(Project project, long packageId) => Package(project.FullPath, packageId);

    /// <summary>A package of the project with this full path.</summary>
    public static string Package(string projectPath, long packageId) => $"{Place(projectPath)}/-/packages/{Number(packageId)}";

    /// <summary>Deletes a package (POST).</summary>
    public static string DeletePackage(Package package) => $"/-/projects/{Number(package.ProjectId)}/packages/{Number(package.Id)}/delete";

    /// <summary>The content of a file.</summary>
    public static string File(Package package, PackageFile file) =>
        $"/-/projects/{Number(package.ProjectId)}/packages/{Number(package.Id)}/files/{Number(file.Id)}";

    /// <summary>The page of a package with the lines that fetch this file.</summary>
    public static string Fetch(Project project, PackageFile file, int page) =>
        $"{Package(project, file.PackageId)}?{(page > 1 ? $"page={Number(page)}&" : "")}file={Number(file.Id)}#fetch";

    /// <summary>Where clients fetch a generic file.</summary>
    public static string ApiFile(Frame frame, Package package, PackageFile file) =>
        $"{ApiVersion(frame, package)}/{string.Join('/', Plain(file).Split('/').Select(Uri.EscapeDataString))}";

    /// <summary>Where clients publish into a version, without a slash at the end.</summary>
    public static string ApiVersion(Frame frame, Package package) =>
        $"{frame.BaseUrl}/api/v4/projects/{Number(package.ProjectId)}/packages/generic/{Uri.EscapeDataString(package.Name)}/{Uri.EscapeDataString(package.Version)}";

    /// <summary>The name of a file as it was published: the path of a nested one is kept percent-encoded.</summary>
    public static string Plain(PackageFile file) => Uri.UnescapeDataString(file.FileName);

    /// <summary>Publishing into a project.</summary>
    public static string Publish(Project project) => $"/-/projects/{Number(project.Id)}/publish";

    /// <summary>The same page with one parameter of the query changed; null takes it away. Another page number than the first is forgotten.</summary>
    public static string With(HttpRequest request, string name, string? value)
    {
        var query = request.Query.Where(pair => pair.Key != name && pair.Key != "page" && pair.Value.Count > 0)
            .Select(pair => KeyValuePair.Create<string, string?>(pair.Key, pair.Value.ToString()));
        if (value is not null) query = query.Append(KeyValuePair.Create<string, string?>(name, value));
        return request.Path.ToUriComponent() + QueryString.Create(query).ToUriComponent();
    }

    /// <summary>
    /// A path to come back to, if it is one of this server; else <see cref="Home"/>. Browsers take <c>//host</c> and
    /// <c>/\host</c> for other servers, and pass over control characters.
    /// </summary>
    public static string Local(string? path) =>
        path is ['/', ..] && path is not ['/', '/' or '\\', ..] && !path.Any(c => char.IsControl(c) || c == '\\')
        && !path.StartsWith(SignIn, StringComparison.Ordinal) ? path : Home;

    private static string Number(long id) => id.ToString(CultureInfo.InvariantCulture);
}
