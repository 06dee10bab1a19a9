using System.Collections.Concurrent;
using System.Text.Json;
using Larder.Registry.Access;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Larder.Web;

/// <summary>
/// Runs an operation of the API inside the process, for the caller of a page: the same endpoint, so that rules, gate and wording
/// stand in one place. There is no socket and no credential; only signed-in callers get here, whose session has the scope <c>api</c>.
/// See docs/decisions/0008-pages.md.
/// </summary>
public sealed class ApiOperation(EndpointDataSource endpoints)
{
    private readonly ConcurrentDictionary<(string Verb, string Pattern), RouteEndpoint> found = new();

    /// <summary>Runs one whose parameters are JSON.</summary>
    /// <param name="page">The request of the page.</param>
    /// <param name="verb">As in <c>POST</c>.</param>
    /// <param name="pattern">The route as it is mapped: <c>/api/v4/groups/{id}</c>.</param>
    /// <param name="route">Values for the braces, not encoded.</param>
    /// <param name="json">The parameters, or null for none.</param>
    public Task<OperationOutcome> RunAsync(
        HttpContext page, string verb, string pattern, IReadOnlyDictionary<string, object>? route = null, object? json = null)
    {
        var inner = Inner(page, verb, pattern, route);
        if (json is null) return SendAsync(inner, verb, pattern);
        var body = JsonSerializer.SerializeToUtf8Bytes(json);
        inner.Request.Body = new MemoryStream(body);
        inner.Request.ContentLength = body.Length;
        inner.Request.ContentType = "application/json";
        return SendAsync(inner, verb, pattern);
    }

    /// <summary>Runs one whose body is a file: it is read from <paramref name="body"/> as the operation goes on.</summary>
    /// <param name="page">The request of the page.</param>
    /// <param name="verb">As in <c>PUT</c>.</param>
    /// <param name="pattern">The route as it is mapped.</param>
    /// <param name="route">Values for the braces, not encoded.</param>
    /// <param name="body">The bytes.</param>
    /// <param name="length">How many; null where nobody has said.</param>
    /// <param name="query">Parameters of the query, with the question mark.</param>
    public Task<OperationOutcome> SendFileAsync(
        HttpContext page, string verb, string pattern, IReadOnlyDictionary<string, object> route, Stream body, long? length, string query = "")
    {
        var inner = Inner(page, verb, pattern, route);
        inner.Request.QueryString = new QueryString(query);
        inner.Request.Body = body;
        inner.Request.ContentLength = length;
        inner.Request.ContentType = "application/octet-stream";
        return SendAsync(inner, verb, pattern);
    }

    /// <summary>Answers the request of the page with what the operation answers, for downloads.</summary>
    public Task AnswerAsync(HttpContext page, string verb, string pattern, IReadOnlyDictionary<string, object> route)
    {
        page.Request.RouteValues = Values(route);
        page.SetEndpoint(Find(verb, pattern));
        return Find(verb, pattern).RequestDelegate!(page);
    }

    private async Task<OperationOutcome> SendAsync(HttpContext inner, string verb, string pattern)
    {
        using var answer = new MemoryStream();
        inner.Response.Body = answer;
        await Find(verb, pattern).RequestDelegate!(inner);
        await inner.Response.CompleteAsync();
        return OperationOutcome.Read(inner.Response.StatusCode, answer.ToArray(), inner.Features);
    }

    private DefaultHttpContext Inner(HttpContext page, string verb, string pattern, IReadOnlyDictionary<string, object>? route)
    {
        var caller = page.Caller();
        if (caller.IsAnonymous || !caller.Scopes.HasFlag(Scopes.Api)) throw new InvalidOperationException("Only a session may run operations.");
        var inner = new DefaultHttpContext
        {
            RequestServices = page.RequestServices, RequestAborted = page.RequestAborted, TraceIdentifier = page.TraceIdentifier,
        };
        inner.Features.Set(caller);
        inner.Features.Set<IHttpRequestBodyDetectionFeature>(new HasBody());
        if (page.Features.Get<IHttpMaxRequestBodySizeFeature>() is { } limit) inner.Features.Set(limit);
        inner.Connection.RemoteIpAddress = page.Connection.RemoteIpAddress;
        inner.Request.Method = verb;
        inner.Request.Scheme = page.Request.Scheme;
        inner.Request.Host = page.Request.Host;
        inner.Request.Headers.UserAgent = page.Request.Headers.UserAgent;
        inner.Request.RouteValues = Values(route);
        inner.Request.Path = PathOf(pattern, inner.Request.RouteValues);
        inner.SetEndpoint(Find(verb, pattern));
        return inner;
    }

    // What an audit event names.
    private static string PathOf(string pattern, RouteValueDictionary values) => values.Aggregate(pattern, (path, value) => path
        .Replace($"{{{value.Key}}}", (string)value.Value!, StringComparison.Ordinal).Replace($"{{**{value.Key}}}", (string)value.Value!, StringComparison.Ordinal));

    // As the router leaves them: decoded once, with slash and percent sign still encoded.
    private static RouteValueDictionary Values(IReadOnlyDictionary<string, object>? route)
    {
        var values = new RouteValueDictionary();
        foreach (var (name, value) in route ?? new Dictionary<string, object>())
        {
            var text = Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!;
            values[name] = text.Replace("%", "%25", StringComparison.Ordinal).Replace("/", "%2F", StringComparison.Ordinal);
        }
        return values;
    }

    private RouteEndpoint Find(string verb, string pattern) => found.GetOrAdd((verb, pattern), key =>
        endpoints.Endpoints.OfType<RouteEndpoint>().Single(endpoint =>
            endpoint.RoutePattern.RawText?.TrimEnd('/') == key.Pattern
            && endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains(key.Verb) is true));

    private sealed class HasBody : IHttpRequestBodyDetectionFeature
    {
        public bool CanHaveBody => true;
    }
}
