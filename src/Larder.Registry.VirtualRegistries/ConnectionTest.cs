using Larder.Storage.Upstreams;
using Microsoft.AspNetCore.WebUtilities;

namespace Larder.Registry.VirtualRegistries;

/// <summary>
/// Tries whether an upstream answers and takes its credentials: one request for a file that it has supplied, or else for one
/// that hardly exists (Maven contract section 4).
/// </summary>
public sealed class ConnectionTest(UpstreamClient client, UpstreamPasswords passwords, CacheEntryList entries)
{
    private const string DummyPath = "com/company/app/maven-metadata.xml";

    /// <summary>Null when the upstream works as far as can be told, which a 404 shows as well as a file; otherwise GitLab's text.</summary>
    /// <param name="settings">What to try.</param>
    /// <param name="saved">The upstream whose files may be asked for; null to ask for none.</param>
    /// <param name="cancellationToken">Ends the test.</param>
    public async Task<string?> RunAsync(UpstreamSettings settings, Upstream? saved, CancellationToken cancellationToken)
    {
        var path = saved is null ? null : await entries.AnyPathAsync(saved, cancellationToken);
        if (!MavenPath.TryParse(path?.TrimStart('/') ?? DummyPath, out var file)) throw new InvalidOperationException($"{path} is no Maven path.");
        var request = new UpstreamRequest(UpstreamUrl.Of(settings.Url, file), passwords.CredentialsOf(settings.Username, settings.Password));
        var (status, reason, failure) = await client.HeadAsync(request, cancellationToken);
        return failure switch
        {
            { Kind: UpstreamFailureKind.TimedOut } => "Error: Connection timeout",
            { Kind: UpstreamFailureKind.AddressBlocked } => $"Error: URL is blocked: {failure.Detail}",
            not null => $"Error: {failure.Detail}",
            null when status is >= 200 and < 300 or 404 => null,
            null => $"Error: {status} - {(string.IsNullOrEmpty(reason) ? ReasonPhrases.GetReasonPhrase(status) : reason)}",
        };
    }
}
