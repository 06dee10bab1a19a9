using Microsoft.Extensions.DependencyInjection;

namespace Larder.Registry.Access;

/// <summary>Callers, tokens, and the one table of who may what.</summary>
public static class AccessModule
{
    /// <summary>What <see cref="Gate"/> and the pipeline need.</summary>
    public static void AddAccess(this IServiceCollection services)
    {
        services.AddSingleton<AccessCache>();
        services.AddSingleton<PermissionTable>();
        services.AddSingleton<TokenDirectory>();
        services.AddSingleton<TokenStore>();
        services.AddSingleton<ResourceTokenStore>();
        services.AddSingleton<DeployTokenStore>();
        services.AddSingleton<Passwords>();
        services.AddSingleton<SignInLimit>();
        services.AddSingleton<IdentityStore>();
        services.AddSingleton<SessionStore>();
        services.AddSingleton(provider => new SignIn(
            provider.GetRequiredService<TokenDirectory>(), provider.GetRequiredService<Passwords>(),
            provider.GetRequiredService<SessionStore>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<TokenUses>();
        services.AddHostedService(provider => provider.GetRequiredService<TokenUses>());
        services.AddSingleton<JobTokenStore>();
        services.AddSingleton<JobTokenAllowlist>();
        services.AddSingleton<TrustRuleStore>();
        services.AddSingleton<IssuerKeys>();
        services.AddSingleton<SignedStatements>();
        services.AddSingleton<Memberships>();
        services.AddSingleton<RootAccount>();
        services.AddSingleton<Standings>();
        services.AddSingleton(provider => new Gate(
            provider.GetRequiredService<PermissionTable>(), provider.GetRequiredService<Memberships>(), provider.GetRequiredService<Standings>()));
    }
}
