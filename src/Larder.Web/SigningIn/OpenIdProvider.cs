using System.Text.Encodings.Web;
using Larder.Registry;
using Larder.Registry.Http;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Larder.Web.SigningIn;

/// <summary>How a visit to the provider has ended.</summary>
internal abstract record OpenIdEnd
{
    /// <summary>It says who this is.</summary>
    public sealed record Known(System.Security.Claims.ClaimsPrincipal Person, string Return) : OpenIdEnd;

    /// <summary>It could not be asked: down, slow, or not what it should be.</summary>
    public sealed record Unreachable(Exception Reason) : OpenIdEnd;

    /// <summary>It said no, or what it said does not hold.</summary>
    public sealed record Refused(Exception Reason) : OpenIdEnd;
}

/// <summary>
/// ASP.NET's own client of OpenID providers: code flow with PKCE, state and nonce. Its handler is called here and by nobody else: as a
/// scheme of the authentication middleware it would be made for every request, cache hits included.
/// </summary>
internal sealed class OpenIdProvider(IServiceProvider services, LarderOptions larder)
{
    public const string CallbackPath = Links.SignIn + "/openid/callback";

    private const string Scheme = "openid";

    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<OpenIdProvider>();
        services.AddSingleton<OpenIdPeople>();
        services.AddWebEncoders();
        services.AddTransient<OpenIdConnectHandler>();
        services.AddSingleton<IPostConfigureOptions<OpenIdConnectOptions>, OpenIdConnectPostConfigureOptions>();
        services.AddOptions<OpenIdConnectOptions>(Scheme).Configure<LarderOptions>(Configure);
    }

    /// <summary>Sends the browser to the provider; null when it is on its way.</summary>
    /// <param name="context">The request.</param>
    /// <param name="back">Where to come back to; nobody but this server can read or change it on the way.</param>
    public async Task<OpenIdEnd?> BeginAsync(HttpContext context, string back)
    {
        var handler = await HandlerAsync(context);
        try
        {
            await handler.ChallengeAsync(new AuthenticationProperties { RedirectUri = back });
            return null;
        }
        catch (Exception e) when (IsOutage(e) && !context.RequestAborted.IsCancellationRequested)
        {
            return new OpenIdEnd.Unreachable(e);
        }
    }

    /// <summary>Reads what the browser brings back, and asks the provider what it stands for.</summary>
    public async Task<OpenIdEnd> EndAsync(HttpContext context)
    {
        var handler = await HandlerAsync(context);
        await handler.HandleRequestAsync();
        return context.Features.Get<OpenIdEnd>() ?? new OpenIdEnd.Refused(new InvalidOperationException("The provider's answer was passed over."));
    }

    private async Task<OpenIdConnectHandler> HandlerAsync(HttpContext context)
    {
        var handler = services.GetRequiredService<OpenIdConnectHandler>();
        await handler.InitializeAsync(new AuthenticationScheme(Scheme, larder.SignIn.OpenIdConnect.Label, typeof(OpenIdConnectHandler)), context);
        return handler;
    }

    private static void Configure(OpenIdConnectOptions options, LarderOptions larder)
    {
        var openId = larder.SignIn.OpenIdConnect;
        options.Authority = openId.Authority;
        options.RequireHttpsMetadata = openId.Authority.StartsWith("https:", StringComparison.OrdinalIgnoreCase);
        (options.ClientId, options.ClientSecret) = (openId.ClientId, openId.ClientSecret.Length > 0 ? openId.ClientSecret : null);
        options.ResponseType = OpenIdConnectResponseType.Code;
        options.ResponseMode = OpenIdConnectResponseMode.Query; // a form from another site would come without our cookies
        options.UsePkce = true;
        options.CallbackPath = CallbackPath;
        options.BackchannelTimeout = TimeSpan.FromSeconds(openId.TimeoutSeconds);
        options.GetClaimsFromUserInfoEndpoint = true;
        options.MapInboundClaims = false;
        options.SaveTokens = false;
        // Browsers and providers go by the real time, whatever this server takes for it.
        options.TimeProvider = TimeProvider.System;
        options.Scope.Clear();
        foreach (var scope in openId.ScopeList()) options.Scope.Add(scope);
        options.ClaimActions.Remove("iss");
        foreach (var claim in new[] { openId.NameClaim, openId.EmailClaim, "email_verified" }) options.ClaimActions.MapUniqueJsonKey(claim, claim);
        if (openId.AdministratorClaim.Length > 0) options.ClaimActions.MapJsonKey(openId.AdministratorClaim, openId.AdministratorClaim);
        var secure = larder.ExternalUrl.StartsWith("https:", StringComparison.OrdinalIgnoreCase) ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
        foreach (var cookie in new[] { options.CorrelationCookie, options.NonceCookie })
            (cookie.SameSite, cookie.SecurePolicy) = (SameSiteMode.Lax, secure);
        options.Events = Events(larder);
    }

    // Each answers the event, so that the handler does nothing more of its own.
    private static OpenIdConnectEvents Events(LarderOptions larder) => new()
    {
        OnRedirectToIdentityProvider = leaving =>
        {
            leaving.ProtocolMessage.RedirectUri = ExternalUrl.Base(leaving.HttpContext, larder.ExternalUrl) + CallbackPath;
            return Task.CompletedTask;
        },
        OnTicketReceived = arrived =>
        {
            arrived.HttpContext.Features.Set<OpenIdEnd>(new OpenIdEnd.Known(arrived.Principal!, Links.Local(arrived.ReturnUri)));
            arrived.HandleResponse();
            return Task.CompletedTask;
        },
        OnRemoteFailure = failed =>
        {
            var reason = failed.Failure!;
            failed.HttpContext.Features.Set<OpenIdEnd>(IsOutage(reason) ? new OpenIdEnd.Unreachable(reason) : new OpenIdEnd.Refused(reason));
            failed.HandleResponse();
            return Task.CompletedTask;
        },
    };

    // IDX20803 and IDX20804: the description or the keys could not be fetched.
    private static bool IsOutage(Exception? e) => e is not null && (e is HttpRequestException or TaskCanceledException or IOException
        || e.Message.Contains("IDX2080", StringComparison.Ordinal) || IsOutage(e.InnerException));
}
