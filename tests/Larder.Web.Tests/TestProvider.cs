using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;
using static OpenIddict.Server.OpenIddictServerHandlers;

namespace Larder.Web.Tests;

/// <summary>
/// A real OpenID provider on loopback, with one client and without a form: whoever comes is signed in as <see cref="Claims"/> say. It
/// checks redirect address, secret and PKCE by itself.
/// </summary>
internal sealed class TestProvider : IAsyncDisposable
{
    public const string ClientId = "larder";
    public const string ClientSecret = "5ecret-of-the-client";

    private readonly WebApplication app;

    private TestProvider(WebApplication app) => this.app = app;

    /// <summary>Its address.</summary>
    public string Url => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    /// <summary>What it says of whoever comes; several values of one claim are several entries.</summary>
    public List<(string Name, string Value)> Claims { get; } = [];

    /// <summary>Changes the identity token before it is signed.</summary>
    public Action<ClaimsPrincipal>? Falsify { get; set; }

    /// <summary>What each request waits for.</summary>
    public Task Until { get; set; } = Task.CompletedTask;

    public static async Task<TestProvider> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        TestProvider provider = null!;
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.Zero);
        builder.Services.AddOpenIddict().AddServer(server =>
        {
            server.SetAuthorizationEndpointUris("authorize").SetTokenEndpointUris("token");
            server.AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange();
            server.AddEphemeralEncryptionKey().AddEphemeralSigningKey();
            server.RegisterScopes(Scopes.Profile, Scopes.Email);
            server.EnableDegradedMode(); // no database: what is valid is said here
            server.UseAspNetCore().DisableTransportSecurityRequirement();
            server.AddEventHandler<ValidateAuthorizationRequestContext>(handler => handler.UseInlineHandler(asked =>
            {
                if (asked.ClientId != ClientId || asked.RedirectUri?.EndsWith("/-/sign_in/openid/callback", StringComparison.Ordinal) is not true)
                    asked.Reject(Errors.InvalidClient, "unknown client");
                return default;
            }));
            server.AddEventHandler<HandleAuthorizationRequestContext>(handler => handler.UseInlineHandler(asked =>
            {
                asked.SignIn(provider.Person());
                return default;
            }));
            server.AddEventHandler<ValidateTokenRequestContext>(handler => handler.UseInlineHandler(asked =>
            {
                if (asked.ClientId != ClientId || asked.ClientSecret != ClientSecret) asked.Reject(Errors.InvalidClient, "wrong secret");
                return default;
            }));
            server.AddEventHandler<ProcessSignInContext>(handler => handler.UseInlineHandler(signing =>
            {
                if (signing.IdentityTokenPrincipal is { } token) provider.Falsify?.Invoke(token);
                return default;
            }).SetOrder(GenerateIdentityToken.Descriptor.Order - 1));
        });
        var app = builder.Build();
        provider = new TestProvider(app);
        app.Use(async (context, next) =>
        {
            await provider.Until.WaitAsync(context.RequestAborted);
            await next(context);
        });
        app.UseAuthentication();
        await app.StartAsync(cancellationToken);
        return provider;
    }

    /// <summary>Is honest again, and knows nobody.</summary>
    public void Forget()
    {
        Claims.Clear();
        (Falsify, Until) = (null, Task.CompletedTask);
    }

    public Task StopAsync(CancellationToken cancellationToken) => app.StopAsync(cancellationToken);

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private ClaimsPrincipal Person()
    {
        var identity = new ClaimsIdentity("test");
        foreach (var (name, value) in Claims) identity.AddClaim(new Claim(name, value));
        identity.SetDestinations(_ => [Destinations.IdentityToken]);
        var person = new ClaimsPrincipal(identity);
        person.SetScopes(Scopes.OpenId, Scopes.Profile, Scopes.Email);
        return person;
    }
}
