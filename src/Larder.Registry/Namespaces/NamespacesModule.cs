using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Registry.Namespaces;

/// <summary>Users, groups, projects and members: GitLab's REST as far as one needs it to run without GitLab.</summary>
public static class NamespacesModule
{
    /// <summary>The stores.</summary>
    public static void AddNamespaces(this IServiceCollection services)
    {
        services.AddSingleton<UserStore>();
        services.AddSingleton<NamespaceStore>();
        services.AddSingleton<ProjectStore>();
        services.AddSingleton<MemberStore>();
    }

    /// <summary>The routes.</summary>
    public static void MapNamespaces(this IEndpointRouteBuilder app) => VersionEndpoint.Map(app);
}
