using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using BitFaster.Caching.Lru;
using Larder.Storage.Blobs;

namespace Larder.Storage.Upstreams;

/// <summary>
/// Asks upstreams: one connection pool for all. It follows redirects itself, because credentials may only go to the exact
/// origin they belong to and every hop must pass the <see cref="AddressGuard"/>; it never decompresses, because digests are
/// of the bytes that clients get. HTTP/1.1 alone: one slow stream of a shared HTTP/2 connection would pace all the others.
/// </summary>
public sealed class UpstreamClient : IDisposable
{
    private const int MostHosts = 1000;

    private readonly AddressGuard guard;
    private readonly UpstreamConnector connector;
    private readonly UpstreamClientOptions options;
    private readonly TimeProvider time;
    private readonly HttpMessageInvoker http;

    // Redirects lead wherever strangers like: the hosts that were asked longest ago are forgotten.
    private readonly ConcurrentLru<string, UpstreamHost> hosts = new(MostHosts);

    /// <summary>A client; nothing is contacted yet.</summary>
    public UpstreamClient(AddressGuard guard, UpstreamConnector connector, UpstreamClientOptions options, TimeProvider time)
    {
        this.guard = guard;
        this.connector = connector;
        this.options = options;
        this.time = time;
        http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            MaxConnectionsPerServer = options.MaxConnectionsPerHost,
            MaxResponseHeadersLength = 64, // KiB
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5), // so that a change in DNS is noticed
            ConnectCallback = (context, cancellationToken) => ConnectAsync(context.DnsEndPoint, cancellationToken),
        });
    }

    /// <summary>Fetches a file.</summary>
    public async Task<UpstreamOutcome> GetAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        var (response, failure) = await SendAsync(HttpMethod.Get, request, evenResting: false, cancellationToken);
        if (response is null) return new UpstreamOutcome.Failed(failure!);
        var outcome = Judge(response, request);
        if (outcome is not null)
        {
            response.Dispose();
            return outcome;
        }
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        return new UpstreamOutcome.Found(Headers(response), new UpstreamBody(response, stream, options.IdleTimeout, time));
    }

    /// <summary>
    /// Asks for the head of a file only: for testing a connection. A status, or why there is none. A host that rests is asked
    /// all the same, as somebody wants to know now; one that does not know HEAD is asked by GET, whose body is left unread.
    /// </summary>
    public async Task<(int Status, string? Reason, UpstreamFailure? Failure)> HeadAsync(
        UpstreamRequest request, CancellationToken cancellationToken)
    {
        var (response, failure) = await SendAsync(HttpMethod.Head, request, evenResting: true, cancellationToken);
        if (response?.StatusCode is HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented)
        {
            response.Dispose();
            (response, failure) = await SendAsync(HttpMethod.Get, request, evenResting: true, cancellationToken);
        }
        using (response) return response is null ? (0, null, failure) : ((int)response.StatusCode, response.ReasonPhrase, null);
    }

    /// <summary>How the host of a URL is doing; null when it was never asked.</summary>
    public UpstreamHostState? Describe(Uri url) => hosts.TryGet(Origin(url), out var host) ? host.Describe() : null;

    /// <summary>Why a request to this URL would not be sent now, for the sake of its host; null when it would.</summary>
    public UpstreamFailure? Foresee(Uri url) => hosts.TryGet(Origin(url), out var host) ? host.Foresee() : null;

    /// <summary>The hosts that were asked lately.</summary>
    public IReadOnlyList<UpstreamHostState> DescribeHosts() => [.. hosts.Select(host => host.Value.Describe())];

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private async Task<(HttpResponseMessage? Response, UpstreamFailure? Failure)> SendAsync(
        HttpMethod method, UpstreamRequest request, bool evenResting, CancellationToken cancellationToken)
    {
        var url = request.Url;
        var credentials = request.Credentials;
        for (var hop = 0; ; hop++)
        {
            var (response, failure) = await SendOnceAsync(Message(method, url, credentials, request), evenResting, cancellationToken);
            if (response is null || !IsRedirect(response.StatusCode)) return (response, failure);
            using (response)
            {
                if (hop == options.MaxRedirects) return (null, new(UpstreamFailureKind.BadRedirect, $"it redirected more than {hop} times"));
                if (NextHop(url, response.Headers.Location) is not { } next)
                    return (null, new(UpstreamFailureKind.BadRedirect, "it redirected to an address that may not be followed"));
                // Once away from the origin they belong to, credentials stay away, even if the chain comes back.
                if (!IsSameOrigin(url, next)) credentials = null;
                url = next;
            }
        }
    }

    private async Task<(HttpResponseMessage? Response, UpstreamFailure? Failure)> SendOnceAsync(
        HttpRequestMessage message, bool evenResting, CancellationToken cancellationToken)
    {
        using var _ = message;
        var host = hosts.GetOrAdd(Origin(message.RequestUri!), origin => new UpstreamHost(origin, options, time));
        if (await host.EnterAsync(evenResting, cancellationToken) is { } refusal) return (null, refusal);
        var (response, failure) = (default(HttpResponseMessage), default(UpstreamFailure));
        var answered = false;
        var began = time.GetTimestamp();
        try
        {
            (response, failure) = await ExchangeAsync(message, cancellationToken);
            answered = true;
            return (response, failure);
        }
        finally
        {
            if (!answered) host.Abandon();
            else host.Report(failure ?? (response!.StatusCode is HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError
                ? UpstreamFailure.OfStatus((int)response.StatusCode, RetryAfter(response))
                : null), time.GetElapsedTime(began));
        }
    }

    private async Task<(HttpResponseMessage? Response, UpstreamFailure? Failure)> ExchangeAsync(
        HttpRequestMessage message, CancellationToken cancellationToken)
    {
        // The connect time-out is the handler's own; this one covers the wait for a free connection and the answer's head.
        using var timeout = new CancellationTokenSource(options.ConnectTimeout + options.ResponseTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return (await http.SendAsync(message, either.Token), null);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return (null, new(UpstreamFailureKind.TimedOut, "it did not answer in time"));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // SocketsHttpHandler reports its own connect time-out as a cancellation.
            return (null, new(UpstreamFailureKind.TimedOut, "no connection could be made in time"));
        }
        catch (HttpRequestException e)
        {
            return (null, Describe(e));
        }
    }

    private static string Origin(Uri url) => url.GetLeftPart(UriPartial.Authority);

    private static UpstreamFailure Describe(HttpRequestException e)
    {
        for (Exception? inner = e; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case BlockedAddressException blocked:
                    return blocked.Verdict == AddressVerdict.Unresolvable
                        ? new(UpstreamFailureKind.Unreachable, "its host name cannot be resolved")
                        : new(UpstreamFailureKind.AddressBlocked, "its address is private and not allowed");
                case AuthenticationException:
                    return new(UpstreamFailureKind.Unreachable, "its TLS certificate is not trusted");
                case SocketException socket:
                    return new(UpstreamFailureKind.Unreachable, $"no connection: {socket.SocketErrorCode}");
            }
        }
        return e.HttpRequestError switch
        {
            HttpRequestError.ConfigurationLimitExceeded => new(UpstreamFailureKind.Malformed, "the head of its answer is too large"),
            HttpRequestError.InvalidResponse => new(UpstreamFailureKind.Malformed, "its answer was not well-formed HTTP"),
            HttpRequestError.ResponseEnded => new(UpstreamFailureKind.Unreachable, "it closed the connection without an answer"),
            _ => new(UpstreamFailureKind.Unreachable, "the connection failed"),
        };
    }

    private HttpRequestMessage Message(HttpMethod method, Uri url, UpstreamCredentials? credentials, UpstreamRequest request)
    {
        var message = new HttpRequestMessage(method, url) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        message.Headers.TryAddWithoutValidation("User-Agent", options.UserAgent);
        message.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        if (request.IfNoneMatch is not null) message.Headers.TryAddWithoutValidation("If-None-Match", request.IfNoneMatch);
        if (request.IfModifiedSince is not null) message.Headers.TryAddWithoutValidation("If-Modified-Since", request.IfModifiedSince);
        if (credentials is not null)
        {
            var pair = Encoding.UTF8.GetBytes($"{credentials.Username}:{credentials.Password}");
            message.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(pair));
        }
        return message;
    }

    private async ValueTask<Stream> ConnectAsync(DnsEndPoint endPoint, CancellationToken cancellationToken)
    {
        var (addresses, verdict) = await guard.AllowedAddressesAsync(endPoint.Host, endPoint.Port, cancellationToken);
        if (addresses.Count == 0) throw new BlockedAddressException(verdict);
        for (var i = 0; ; i++)
        {
            try
            {
                return await connector.DialAsync(new IPEndPoint(addresses[i], endPoint.Port), cancellationToken);
            }
            catch (SocketException) when (i + 1 < addresses.Count)
            {
                // A host with several addresses is there as long as one of them is.
            }
        }
    }

    private static bool IsRedirect(HttpStatusCode status) => (int)status is 301 or 302 or 303 or 307 or 308;

    // From https to http would show a private repository's file names, and its bytes could be anybody's.
    private static Uri? NextHop(Uri from, Uri? location)
    {
        if (location is null || !Uri.TryCreate(from, location, out var next)) return null;
        var secure = next.Scheme == Uri.UriSchemeHttps || (next.Scheme == Uri.UriSchemeHttp && from.Scheme == Uri.UriSchemeHttp);
        return secure && next.UserInfo.Length == 0 && next.Host.Length > 0 ? next : null;
    }

    private static bool IsSameOrigin(Uri one, Uri other) =>
        one.Scheme == other.Scheme && one.Port == other.Port && one.IdnHost.Equals(other.IdnHost, StringComparison.OrdinalIgnoreCase);

    // Null: the file.
    private UpstreamOutcome? Judge(HttpResponseMessage response, UpstreamRequest request)
    {
        var isConditional = request.IfNoneMatch is not null || request.IfModifiedSince is not null;
        switch ((int)response.StatusCode)
        {
            case 200:
                return response.Content.Headers.ContentEncoding.Any(encoding => encoding != "identity")
                    ? new UpstreamOutcome.Failed(new(UpstreamFailureKind.Malformed, "it sent the file compressed, unasked"))
                    : null;
            case 304 when isConditional:
                return new UpstreamOutcome.NotModified();
            case var status and (403 or 404 or 410):
                return new UpstreamOutcome.Absent(status);
            case var status:
                return new UpstreamOutcome.Failed(UpstreamFailure.OfStatus(status, RetryAfter(response)));
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > time.GetUtcNow() => date - time.GetUtcNow(),
        _ => null,
    };

    private static UpstreamHeaders Headers(HttpResponseMessage response) => new(
        response.Content.Headers.ContentLength,
        First(response.Content.Headers, "Content-Type"),
        First(response.Headers, "ETag"),
        First(response.Content.Headers, "Last-Modified"),
        new ExpectedContent(response.Content.Headers.ContentLength,
            Checksum(response, "md5", 32), Checksum(response, "sha1", 40), Checksum(response, "sha256", 64), Checksum(response, "sha512", 128)));

    private static string? Checksum(HttpResponseMessage response, string kind, int digits) =>
        (First(response.Headers, "x-checksum-" + kind) ?? First(response.Headers, "x-goog-meta-checksum-" + kind)) is { } value
        && value.Trim() is var text && text.Length == digits && text.All(char.IsAsciiHexDigit)
            ? text.ToLower(CultureInfo.InvariantCulture)
            : null;

    private static string? First(HttpHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private sealed class BlockedAddressException(AddressVerdict verdict) : Exception($"The address is {verdict}.")
    {
        public AddressVerdict Verdict { get; } = verdict;
    }
}
