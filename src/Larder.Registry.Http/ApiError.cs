using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Larder.Registry.Http;

/// <summary>
/// A refusal as GitLab words it: the one place that knows statuses and bodies (generic-packages contract section 9,
/// Maven contract section 1.1). Clients parse these bodies, so the texts are wire format.
/// </summary>
public sealed class ApiError : IResult, IStatusCodeHttpResult
{
    private readonly object body;

    private ApiError(int status, object body)
    {
        Status = status;
        this.body = body;
    }

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    int? IStatusCodeHttpResult.StatusCode => Status;

    /// <summary>Headers that go with the body, such as a challenge.</summary>
    private Dictionary<string, string> Headers { get; } = [];

    /// <summary>400 <c>{"error": text}</c>: parameters that break their rules. Several texts are joined by a comma and a space.</summary>
    public static ApiError Invalid(params IEnumerable<string> texts) => Error(400, string.Join(", ", texts));

    /// <summary>400 <c>{"message": "400 Bad request - reason"}</c>.</summary>
    public static ApiError BadRequest(string reason) => Message(400, $"400 Bad request - {reason}");

    /// <summary>What the server says of a request that breaks HTTP: 400, 408 for a body that came too slowly, 413.</summary>
    public static ApiError Malformed(int status) =>
        Message(status, status == 400 ? "400 Bad request" : $"{status} {ReasonPhrases.GetReasonPhrase(status)}");

    /// <summary>400 <c>{"message": {field: [texts]}}</c>: a row that breaks the rules of its model.</summary>
    public static ApiError Model(string field, params string[] texts) =>
        Model(400, field, texts);

    /// <summary>The same with another status: some calls answer 422.</summary>
    public static ApiError Model(int status, string field, params string[] texts) =>
        new(status, new { message = new Dictionary<string, string[]> { [field] = texts } });

    /// <summary>400 with the texts of several fields.</summary>
    public static ApiError Model(IReadOnlyDictionary<string, string[]> fields) => new(400, new { message = fields });

    /// <summary>401. Clients such as curl, Maven and sbt offer Basic credentials only when <paramref name="realm"/> asks for them.</summary>
    public static ApiError Unauthorized(string? realm = null)
    {
        var error = Message(401, "401 Unauthorized");
        if (realm is not null) error.Headers["WWW-Authenticate"] = $"Basic realm=\"{realm}\"";
        return error;
    }

    /// <summary>
    /// 401 for a token that exists but no longer works (RFC 6750 section 3.1). The challenge is Bearer, or Basic of
    /// <paramref name="realm"/> where clients look for one.
    /// </summary>
    public static ApiError InvalidToken(string description, string? realm = null)
    {
        var error = new ApiError(401, new { error = "invalid_token", error_description = description });
        error.Headers["WWW-Authenticate"] = realm is not null
            ? $"Basic realm=\"{realm}\""
            : $"Bearer realm=\"Protected by OAuth 2.0\", error=\"invalid_token\", error_description=\"{description}\"";
        return error;
    }

    /// <summary>403 for a good token without the scope; <paramref name="scopes"/> lists those that would do.</summary>
    public static ApiError InsufficientScope(params IEnumerable<string> scopes) => new(403, new
    {
        error = "insufficient_scope",
        error_description = "The request requires higher privileges than provided by the access token.",
        scope = string.Join(' ', scopes),
    });

    /// <summary>403, with a reason where GitLab gives one.</summary>
    public static ApiError Forbidden(string? reason = null) =>
        Message(403, reason is null ? "403 Forbidden" : $"403 Forbidden - {reason}");

    /// <summary>404 <c>{"message": "404 Thing Not Found"}</c>, or without a thing.</summary>
    public static ApiError NotFound(string? thing = null) =>
        Message(404, thing is null ? "404 Not Found" : $"404 {thing} Not Found");

    /// <summary>404 <c>{"message": "404 Not found"}</c> (small f): the lookup of a row found none.</summary>
    public static ApiError RowNotFound() => Message(404, "404 Not found");

    /// <summary>404 <c>{"error": "404 Not Found"}</c>: no such route.</summary>
    public static ApiError NoRoute() => Error(404, "404 Not Found");

    /// <summary>405: the route exists, not with this verb.</summary>
    public static ApiError MethodNotAllowed() => Error(405, "405 Not Allowed");

    /// <summary>409, for example <c>Member already exists</c>.</summary>
    public static ApiError Conflict(string text) => Message(409, text);

    /// <summary>412: <c>If-Unmodified-Since</c> is older than the row.</summary>
    public static ApiError PreconditionFailed() => Message(412, "412 Precondition Failed");

    /// <summary>429 with GitLab's nested body.</summary>
    public static ApiError TooManyRequests(int retryAfterSeconds)
    {
        var body = new { message = new { error = "This endpoint has been requested too many times. Try again later." } };
        var error = new ApiError(429, body);
        error.Headers["Retry-After"] = retryAfterSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return error;
    }

    /// <summary>500, which says nothing about its cause; the log does.</summary>
    public static ApiError Internal() => Message(500, "500 Internal Server Error");

    /// <summary>503: try again, nothing is decided.</summary>
    public static ApiError Unavailable(string reason, int retryAfterSeconds)
    {
        var error = Message(503, $"503 Service Unavailable - {reason}");
        error.Headers["Retry-After"] = retryAfterSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return error;
    }

    /// <summary>507: there is no room for what was sent, and nothing of it is kept.</summary>
    public static ApiError StoreFull() => Message(507, "507 Insufficient Storage - the disk of the server is full");

    /// <summary>Any status with <c>{"errors": [{"message": text}]}</c>, as GraphQL has it.</summary>
    public static ApiError Graph(int status, string text) => new(status, new { errors = new[] { new { message = text } } });

    /// <summary>Any status with <c>{"message": text}</c>.</summary>
    public static ApiError Message(int status, string text) => new(status, new { message = text });

    /// <summary>Any status with <c>{"error": text}</c>.</summary>
    public static ApiError Error(int status, string text) => new(status, new { error = text });

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        foreach (var (name, value) in Headers) response.Headers[name] = value;
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body, ApiJson.Options);
        response.ContentType = "application/json";
        response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(httpContext.Request.Method))
            await response.Body.WriteAsync(bytes, httpContext.RequestAborted);
    }
}
