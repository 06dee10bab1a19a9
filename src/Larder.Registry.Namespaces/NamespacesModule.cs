using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Registry.Namespaces;

/// <summary>Users, groups, projects and members: GitLab's REST as far as one needs it to run without GitLab.</summary>
public static class NamespacesModule
{
    /// <summary>What the endpoints need.</summary>
    public static void AddNamespaces(this IServiceCollection services)
    {
        services.AddSingleton<UserStore>();
        services.AddSingleton<NamespaceStore>();
        services.AddSingleton<ProjectStore>();
        services.AddSingleton<MemberStore>();
        services.AddSingleton<Places>();
        services.AddSingleton<Removals>();
        services.AddSingleton<GroupAnswers>();
        services.AddSingleton<ProjectAnswers>();
    }

    /// <summary>The routes.</summary>
    public static void MapNamespaces(this IEndpointRouteBuilder app)
    {
        VersionEndpoint.Map(app);
        UserEndpoints.Map(app);
        OwnAccountEndpoints.Map(app);
        TokenEndpoints.Map(app);
        ResourceTokenEndpoints.Map(app);
        DeployTokenEndpoints.Map(app);
        JobTokenEndpoints.Map(app);
        TrustRuleEndpoints.Map(app);
        GroupEndpoints.Map(app);
        GroupChangeEndpoints.Map(app);
        ProjectEndpoints.Map(app);
        MemberEndpoints.Map(app);
        RemovalEndpoints.Map(app);
    }
}
