using System.Text;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Packages;

/// <summary>Publishing and fetching generic files in one line.</summary>
internal static class PackageAsking
{
    /// <summary>Publishes to <c>name/version/file</c>, with a query if need be.</summary>
    public static async Task<Answer> PutFileAsync(
        this HttpClient client, Project project, string path, string content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v4/projects/{project.Id}/packages/generic/{path}")
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(content)),
        };
        return await client.AskAsync(request, cancellationToken);
    }

    /// <summary>Fetches <c>name/version/file</c>.</summary>
    public static Task<Answer> GetFileAsync(this HttpClient client, Project project, string path, CancellationToken cancellationToken) =>
        client.AskAsync("GET", $"/projects/{project.Id}/packages/generic/{path}", cancellationToken);

    /// <summary>The id of the one package of this name and version.</summary>
    public static async Task<long> PackageIdAsync(
        this HttpClient client, Project project, string name, string version, CancellationToken cancellationToken) =>
        (await client.AskAsync("GET", $"/projects/{project.Id}/packages?package_name={name}&package_version={version}", cancellationToken))
            .Json.EnumerateArray().Single(package => package.GetProperty("name").GetString() == name).GetProperty("id").GetInt64();

    /// <summary>The names of the files of a package, oldest first.</summary>
    public static async Task<string?[]> FileNamesAsync(
        this HttpClient client, Project project, long packageId, CancellationToken cancellationToken) =>
        [.. (await client.AskAsync("GET", $"/projects/{project.Id}/packages/{packageId}/package_files?per_page=100", cancellationToken))
            .Json.EnumerateArray().Select(file => file.GetProperty("file_name").GetString())];
}
