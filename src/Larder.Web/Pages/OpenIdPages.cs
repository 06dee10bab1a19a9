using Larder.Registry;
using Larder.Registry.Access;
using Larder.Web.SigningIn;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Larder.Web.Pages;

/// <summary>Signing in by an OpenID provider: to it, and back. Where none is set there are no such addresses.</summary>
internal static partial class OpenIdPages
{
    /// <summary>Where signing in by the provider begins.</summary>
    public const string Begin = Links.SignIn + "/openid";

    private const string Title = "You are not signed in";

    public static void Map(IEndpointRouteBuilder pages)
    {
        pages.MapGet(Begin, BeginAsync);
        pages.MapGet(OpenIdProvider.CallbackPath, ReturnAsync);
    }

    private static async Task<IResult> BeginAsync(
        HttpContext context, LarderOptions options, OpenIdProvider provider, SignInLimit limit, ILogger<OpenIdProvider> logger)
    {
        if (!options.SignIn.OpenIdConnect.IsConfigured) return context.NoSuchPage();
        if (!context.Caller().IsAnonymous) return context.SeeOther(Links.Local(context.Request.Query["return"]));
        if (!limit.TryBegin(context.Connection.RemoteIpAddress, null)) return TooOften(context);
        if (await provider.BeginAsync(context, Links.Local(context.Request.Query["return"])) is OpenIdEnd.Unreachable away) return Unreachable(context, options, away, logger);
        limit.Succeeded(context.Connection.RemoteIpAddress, null);
        return Results.Empty;
    }

    private static async Task<IResult> ReturnAsync(
        HttpContext context, LarderOptions options, OpenIdProvider provider, OpenIdPeople people, SignInLimit limit, ILogger<OpenIdProvider> logger)
    {
        if (!options.SignIn.OpenIdConnect.IsConfigured) return context.NoSuchPage();
        if (!limit.TryBegin(context.Connection.RemoteIpAddress, null)) return TooOften(context);
        switch (await provider.EndAsync(context))
        {
            case OpenIdEnd.Known known:
                var welcome = await people.WelcomeAsync(context, known.Person);
                if (welcome.Secret is null)
                {
                    limit.Failed(context.Connection.RemoteIpAddress, SignInWay.OpenIdConnect);
                    return Say(context, StatusCodes.Status403Forbidden, welcome.Refusal);
                }
                limit.Succeeded(context.Connection.RemoteIpAddress, null);
                SessionCookie.Write(context, options, welcome.Secret);
                return context.SeeOther(known.Return);
            case OpenIdEnd.Unreachable away:
                return Unreachable(context, options, away, logger);
            case OpenIdEnd.Refused refused:
                DoesNotHold(logger, refused.Reason.Message);
                limit.Failed(context.Connection.RemoteIpAddress, SignInWay.OpenIdConnect);
                return Say(context, StatusCodes.Status403Forbidden, $"{options.SignIn.OpenIdConnect.Label} did not sign you in, or too long ago, or in another browser. Try again.");
            default:
                throw new InvalidOperationException("There is no other end.");
        }
    }

    private static IResult Unreachable(HttpContext context, LarderOptions options, OpenIdEnd.Unreachable away, ILogger logger)
    {
        NotReached(logger, away.Reason.Message);
        return Say(context, StatusCodes.Status503ServiceUnavailable,
            $"{options.SignIn.OpenIdConnect.Label} does not answer just now. Try again in a moment, or sign in with a token or a password.");
    }

    private static IResult TooOften(HttpContext context)
    {
        context.Response.Headers.RetryAfter = ((int)SignInLimit.Span.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
        return Say(context, StatusCodes.Status429TooManyRequests, $"Too many attempts. Try again in {SignInLimit.Span.TotalMinutes} minutes.");
    }

    private static IResult Say(HttpContext context, int status, string text) => context.Page<ErrorPage>(status, ("Title", Title), ("Text", text));

    [LoggerMessage(7020, LogLevel.Warning, "The OpenID provider could not be asked: {Reason}")]
    private static partial void NotReached(ILogger logger, string reason);

    [LoggerMessage(7021, LogLevel.Warning, "An answer of the OpenID provider does not hold: {Reason}")]
    private static partial void DoesNotHold(ILogger logger, string reason);
}
