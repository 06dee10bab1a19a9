using System.Collections.Concurrent;
using System.Text.Json;
using Larder.Storage.Upstreams;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace Larder.Registry.Access;

/// <summary>
/// The public keys of issuers (OpenID Connect Discovery 1.0 section 4, RFC 7517), fetched like any upstream: past the address
/// guard, with its limits. Kept for an hour; a key that is not among them is looked for again, at most once a minute. While
/// an issuer fails, its last keys count for a day.
/// </summary>
public sealed partial class IssuerKeys(UpstreamClient upstreams, AddressGuard guard, TimeProvider time, ILogger<IssuerKeys> logger)
{
    private const int MostBytes = 256 * 1024;
    private const int MostKeys = 100;
    private const int MostIssuers = 1_000;
    private static readonly TimeSpan FreshFor = TimeSpan.FromHours(1);
    private static readonly TimeSpan UsableFor = TimeSpan.FromDays(1);
    private static readonly TimeSpan BetweenFetches = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Issuer> issuers = new(StringComparer.Ordinal);

    /// <summary>
    /// The keys of an issuer that a rule trusts: the named one, or all where <paramref name="keyId"/> is empty. Null when they
    /// cannot be fetched; empty when the issuer has no such key.
    /// </summary>
    public async ValueTask<IReadOnlyList<SecurityKey>?> FindAsync(string issuer, string keyId, CancellationToken cancellationToken)
    {
        if (issuers.Count >= MostIssuers && !issuers.ContainsKey(issuer)) issuers.Clear();
        var known = issuers.GetOrAdd(issuer, static _ => new Issuer());
        if (Choose(known, keyId, FreshFor) is { Count: > 0 } keys) return keys;
        await known.Fetching.WaitAsync(cancellationToken);
        try
        {
            // Whoever waited finds what the one before has fetched.
            if (Choose(known, keyId, FreshFor) is { Count: > 0 } fetched) return fetched;
            if (known.LastTry is not { } last || time.GetElapsedTime(last) >= BetweenFetches) await FetchAsync(known, issuer, cancellationToken);
        }
        finally
        {
            known.Fetching.Release();
        }
        return Choose(known, keyId, UsableFor);
    }

    /// <summary>Whether an issuer or its keys may be asked for here: by https, or by http where the operator vouches for the host.</summary>
    public static bool IsAcceptable(Uri url, AddressGuard guard) =>
        url.UserInfo.Length == 0 && url.Host.Length > 0
        && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && guard.IsExempt(url.Host, url.Port)));

    private IReadOnlyList<SecurityKey>? Choose(Issuer known, string keyId, TimeSpan oldest)
    {
        if (known.Keys is not { } set || time.GetElapsedTime(set.FetchedAt) >= oldest) return null;
        return keyId.Length == 0 ? set.Keys : [.. set.Keys.Where(key => key.KeyId == keyId)];
    }

    private async Task FetchAsync(Issuer known, string issuer, CancellationToken cancellationToken)
    {
        try
        {
            var keys = await FetchKeysAsync(issuer, cancellationToken);
            known.Keys = new KeySet(keys, time.GetTimestamp());
        }
        catch (UnusableIssuerException e)
        {
            KeysNotFetched(logger, issuer, e.Message);
        }
        known.LastTry = time.GetTimestamp();
    }

    private async Task<IReadOnlyList<SecurityKey>> FetchKeysAsync(string issuer, CancellationToken cancellationToken)
    {
        string keysUrl;
        using (var discovery = await FetchJsonAsync(issuer.TrimEnd('/') + "/.well-known/openid-configuration", cancellationToken))
        {
            // An issuer speaks for itself alone (OpenID Connect Discovery 1.0 section 4.3).
            if (Text(discovery.RootElement, "issuer") != issuer) throw new UnusableIssuerException("its discovery document is of another issuer");
            keysUrl = Text(discovery.RootElement, "jwks_uri") ?? throw new UnusableIssuerException("its discovery document names no jwks_uri");
        }
        using var document = await FetchJsonAsync(keysUrl, cancellationToken);
        try
        {
            // Asymmetric ones alone: with any other, whoever can check a signature could make one.
            return [.. new JsonWebKeySet(document.RootElement.GetRawText()).GetSigningKeys().OfType<AsymmetricSecurityKey>().Take(MostKeys)];
        }
        catch (Exception e) when (e is ArgumentException or JsonException or FormatException)
        {
            throw new UnusableIssuerException("its keys are not a JSON Web Key Set");
        }
    }

    private async Task<JsonDocument> FetchJsonAsync(string url, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || !IsAcceptable(address, guard))
            throw new UnusableIssuerException("it names an address that may not be asked");
        switch (await upstreams.GetAsync(new UpstreamRequest(address), cancellationToken))
        {
            case UpstreamOutcome.Found found:
                await using (found.Body) return await ReadJsonAsync(found.Body, cancellationToken);
            case UpstreamOutcome.Failed failed:
                throw new UnusableIssuerException(failed.Failure.Detail);
            case UpstreamOutcome.Absent absent:
                throw new UnusableIssuerException($"it answered {absent.Status}");
            default:
                throw new UnusableIssuerException("its answer makes no sense");
        }
    }

    private static async Task<JsonDocument> ReadJsonAsync(UpstreamBody body, CancellationToken cancellationToken)
    {
        var bytes = new byte[MostBytes];
        for (var length = 0; ;)
        {
            var (count, failure) = await body.ReadAsync(bytes.AsMemory(length), cancellationToken);
            if (failure is not null) throw new UnusableIssuerException(failure.Detail);
            length += count;
            if (length == MostBytes) throw new UnusableIssuerException("its answer is too large");
            if (count > 0) continue;
            try
            {
                var document = JsonDocument.Parse(bytes.AsMemory(0, length));
                return document.RootElement.ValueKind == JsonValueKind.Object ? document : throw new UnusableIssuerException("its answer is no JSON object");
            }
            catch (JsonException)
            {
                throw new UnusableIssuerException("its answer is not JSON");
            }
        }
    }

    private static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private sealed class Issuer
    {
        public SemaphoreSlim Fetching { get; } = new(1);
        public long? LastTry { get; set; }
        public KeySet? Keys { get; set; }
    }

    private sealed record KeySet(IReadOnlyList<SecurityKey> Keys, long FetchedAt);

    private sealed class UnusableIssuerException(string message) : Exception(message);

    [LoggerMessage(2002, LogLevel.Warning, "The keys of issuer {Issuer} could not be fetched: {Reason}")]
    private static partial void KeysNotFetched(ILogger logger, string issuer, string reason);
}
