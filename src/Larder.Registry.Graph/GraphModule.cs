using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Registry.Graph;

/// <summary>GitLab's GraphQL, as far as packages have something there that REST does not (generic-packages contract section 5).</summary>
public static class GraphModule
{
    /// <summary>What the endpoint needs.</summary>
    public static void AddGraph(this IServiceCollection services) => services.AddSingleton<GraphExecution>();

    /// <summary>The route.</summary>
    public static void MapGraph(this IEndpointRouteBuilder app) => GraphEndpoint.Map(app);
}
