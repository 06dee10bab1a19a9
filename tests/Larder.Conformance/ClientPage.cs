using System.Text.RegularExpressions;

namespace Larder.Conformance;

/// <summary>
/// Examples of a page of <c>docs/clients</c>, so that what stands there is what the tests run. A mark names the example below it:
/// <c>&lt;!-- tested: name --&gt;</c>.
/// </summary>
internal static class ClientPage
{
    private const string Host = "larder.example.com";
    private const string Registry = $"https://{Host}/api/v4/virtual_registries/packages/maven/1";
    private const string Project = "acme/tools";

    /// <summary>An example for a virtual registry, with the registry's URL in it.</summary>
    public static string ForRegistry(string page, string name, string registry) => WithHost(
        Example(page, name).Replace(Registry, registry, StringComparison.Ordinal), registry);

    /// <summary>An example that names a project or its group, with this server and project in it.</summary>
    public static string ForProject(string page, string name, string url, string project) => WithHost(
        Example(page, name).Replace(Project, project, StringComparison.Ordinal)
            .Replace(Uri.EscapeDataString(Project), Uri.EscapeDataString(project), StringComparison.Ordinal)
            .Replace("/groups/acme/", $"/groups/{project.Split('/')[0]}/", StringComparison.Ordinal), url);

    /// <summary>An example as it stands.</summary>
    public static string Example(string page, string name)
    {
        var text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "pages", page));
        var match = Regex.Match(text, $"^<!-- tested: {name} -->\n```[a-z]*\n(.*?\n)```$", RegexOptions.Multiline | RegexOptions.Singleline);
        return match.Success ? match.Groups[1].Value : throw new InvalidOperationException($"{page} has no example {name}.");
    }

    private static string WithHost(string example, string url) => example
        .Replace($"https://{Host}", new Uri(url).GetLeftPart(UriPartial.Authority), StringComparison.Ordinal)
        .Replace(Host, new Uri(url).Host, StringComparison.Ordinal);
}
