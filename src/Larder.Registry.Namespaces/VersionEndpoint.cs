using Larder.Registry.Access;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Larder.Registry.Namespaces;

/// <summary>
/// <c>GET /version</c> and <c>GET /metadata</c>. They tell the GitLab version whose behaviour Larder has, not Larder's own:
/// clients (the Terraform provider, glab, python-gitlab) compare it with what they need and would turn away from a 0.1.
/// </summary>
internal static class VersionEndpoint
{
    private const string GitLabVersion = "19.0.0";
    private const string Revision = "larder";

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v4/version", Version).Requires(Permission.ReadVersion, Surface.Api)
            .Describes("The version of GitLab whose behaviour this server has.").Answers<VersionJson>();
        app.MapGet("/api/v4/metadata", Metadata).Requires(Permission.ReadVersion, Surface.Api)
            .Describes("The same with more around it.").Answers<MetadataJson>();
    }

    private static IResult Version() => ApiJson.Answer(new VersionJson(GitLabVersion, Revision));

    private static IResult Metadata() => ApiJson.Answer(
        new MetadataJson(GitLabVersion, Revision, new KasJson(false, null, null, null), Enterprise: false));

    private sealed record VersionJson(string Version, string Revision);

    private sealed record MetadataJson(string Version, string Revision, KasJson Kas, bool Enterprise);

    /// <summary>GitLab's server of agents in Kubernetes, which there is none of.</summary>
    private sealed record KasJson(bool Enabled, string? ExternalUrl, string? ExternalK8sProxyUrl, string? Version);
}
