using Larder.Storage.Upstreams;
using Microsoft.AspNetCore.WebUtilities;

namespace Larder.Registry.VirtualRegistries;

/// <summary>What a connection test has asked for, and what came back.</summary>
/// <param name="Address">Of the file.</param>
/// <param name="IsKnown">Whether the upstream has supplied it before; else it is one that hardly exists.</param>
/// <param name="Status">0 where there was no answer.</param>
/// <param name="Reason">The words beside the status; empty for none.</param>
/// <param name="Failure">Why there was no answer.</param>
public sealed record ConnectionReport(string Address, bool IsKnown, int Status, string Reason, UpstreamFailure? Failure)
{
    /// <summary>Whether the upstream works as far as can be told, which a 404 shows as well as a file.</summary>
    public bool Works => Failure is null && Status is >= 200 and < 300 or 404;

    /// <summary>What is wrong in GitLab's words; null when it works.</summary>
    public string? Problem => Failure switch
    {
        { Kind: UpstreamFailureKind.TimedOut } => "Error: Connection timeout",
        { Kind: UpstreamFailureKind.AddressBlocked } => $"Error: URL is blocked: {Failure.Detail}",
        not null => $"Error: {Failure.Detail}",
        null when Works => null,
        null => $"Error: {Status} - {Reason}",
    };
}

/// <summary>
/// Tries whether an upstream answers and takes its credentials: one request for a file that it has supplied, or else for one
/// that hardly exists (Maven contract section 4).
/// </summary>
public sealed class ConnectionTest(UpstreamClient client, UpstreamPasswords passwords, CacheEntryList entries)
{
    private const string DummyPath = "com/company/app/maven-metadata.xml";

    /// <summary>Asks, and tells what came back.</summary>
    /// <param name="settings">What to try.</param>
    /// <param name="saved">The upstream whose files may be asked for; null to ask for none.</param>
    /// <param name="cancellationToken">Ends the test.</param>
    public async Task<ConnectionReport> RunAsync(UpstreamSettings settings, Upstream? saved, CancellationToken cancellationToken)
    {
        var path = saved is null ? null : await entries.AnyPathAsync(saved, cancellationToken);
        if (!MavenPath.TryParse(path?.TrimStart('/') ?? DummyPath, out var file)) throw new InvalidOperationException($"{path} is no Maven path.");
        var request = new UpstreamRequest(UpstreamUrl.Of(settings.Url, file), passwords.CredentialsOf(settings.Username, settings.Password));
        var (status, reason, failure) = await client.HeadAsync(request, cancellationToken);
        return new(request.Url.AbsoluteUri, path is not null, status, string.IsNullOrEmpty(reason) ? ReasonPhrases.GetReasonPhrase(status) : reason, failure);
    }
}
