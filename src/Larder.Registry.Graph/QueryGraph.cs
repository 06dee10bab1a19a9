using GraphQL;
using GraphQL.Types;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;

namespace Larder.Registry.Graph;

/// <summary>Where a query begins. What the caller may not see is null.</summary>
internal sealed class QueryGraph : ObjectGraphType
{
    public QueryGraph()
    {
        Name = "Query";
        Field<GroupGraph>("group").Argument<NonNullGraphType<IdGraphType>>("fullPath").ResolveAsync(async context =>
            await SeenAsync(context, await context.Get<NamespaceStore>().FindGroupAsync(FullPath(context), context.CancellationToken)));
        Field<NamespaceGraph>("namespace").Argument<NonNullGraphType<IdGraphType>>("fullPath").ResolveAsync(async context =>
            await SeenAsync(context, await context.Get<NamespaceStore>().FindAsync(FullPath(context), context.CancellationToken)));
        Field<ProjectGraph>("project").Argument<NonNullGraphType<IdGraphType>>("fullPath").ResolveAsync(async context =>
            await context.Get<ProjectStore>().FindAsync(FullPath(context), context.CancellationToken) is { } project
            && await context.Get<Gate>().AllowsAsync(context.Caller(), Permission.ReadProject, project, context.CancellationToken)
                ? project : null);
        Field<PackageDetailsGraph>("package").Argument<NonNullGraphType<PackageIdGraph>>("id").ResolveAsync(async context =>
            await PackageNode.FindAsync(context, context.GetArgument<long>("id"), Permission.ListPackages));
    }

    private static string FullPath(IResolveFieldContext context) => context.GetArgument<string>("fullPath");

    private static async Task<Namespace?> SeenAsync(IResolveFieldContext context, Namespace? found) =>
        found is not null && await context.Get<Gate>().AllowsAsync(context.Caller(), Permission.ReadGroup, found, context.CancellationToken)
            ? found : null;
}
