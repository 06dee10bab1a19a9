using GraphQL;
using Larder.Registry.Access;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Larder.Registry.Graph;

/// <summary>What a request brings along to every field.</summary>
internal sealed class GraphUser(HttpContext http) : Dictionary<string, object?>
{
    public HttpContext Http { get; } = http;

    /// <summary>Where mutations were allowed to act.</summary>
    public HashSet<GatedPlace> Places { get; } = [];
}

/// <summary>What fields need, in one word each.</summary>
internal static class GraphContext
{
    public static T Get<T>(this IResolveFieldContext context) where T : notnull => context.RequestServices!.GetRequiredService<T>();

    public static GraphUser User(this IResolveFieldContext context) => (GraphUser)context.UserContext;

    public static Caller Caller(this IResolveFieldContext context) => context.User().Http.Caller();
}
