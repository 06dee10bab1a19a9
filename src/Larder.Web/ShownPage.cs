using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Web;

/// <summary>
/// Which page the reader of a request is looking at. Whoever sends a form after the session has ended comes back to it from signing in,
/// and many forms are sent to addresses that can only be sent to.
/// </summary>
internal static class ShownPage
{
    /// <summary>Path and query of the page: of this request, or for a form of the page that has shown it; the first page where that is not known.</summary>
    /// <param name="context">The request.</param>
    /// <param name="baseUrl">Where clients see this server.</param>
    public static string Of(HttpContext context, string baseUrl)
    {
        var request = context.Request;
        var own = request.Path.ToUriComponent() + request.QueryString.ToUriComponent();
        if (CanBeLoaded(context)) return own;
        // Our pages have their browsers send it (Referrer-Policy: same-origin). A refused form is shown at the address that it was sent to.
        return Uri.TryCreate(request.Headers.Referer, UriKind.Absolute, out var from) && IsOurs(from, request, baseUrl)
            && from.AbsolutePath != request.Path.ToUriComponent()
            ? Links.Local(from.PathAndQuery) : Links.Home;
    }

    // What has no route is the page of a group or project.
    private static bool CanBeLoaded(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method)
        || context.GetEndpoint() is not RouteEndpoint endpoint
        || context.RequestServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Any(other =>
            other.RoutePattern.RawText == endpoint.RoutePattern.RawText
            && other.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains(HttpMethods.Get) is true);

    private static bool IsOurs(Uri from, HttpRequest request, string baseUrl) =>
        from.Authority == request.Host.Value || (Uri.TryCreate(baseUrl, UriKind.Absolute, out var ours) && from.Authority == ours.Authority);
}
