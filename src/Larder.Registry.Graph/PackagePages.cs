using GraphQL;
using GraphQL.Types;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;

namespace Larder.Registry.Graph;

/// <summary>The field <c>packages</c> of projects and groups: the same listings as those of REST.</summary>
internal static class PackagePages
{
    public static void AddTo<TSource>(
        ObjectGraphType<TSource> type, string name, PackageSortGraph sorts,
        Func<IResolveFieldContext<TSource>, PackageFilter, Paging, Task<Slice<PackageNode>?>> list)
    {
        var field = type.Field<PackageConnectionGraph>(name)
            .Argument<PackageTypeGraph>("packageType")
            .Argument<StringGraphType>("packageName")
            .Argument<StringGraphType>("packageVersion")
            .Argument<PackageStatusGraph>("status")
            // Generic packages always have a version.
            .Argument<BooleanGraphType>("includeVersionless");
        field.FieldType.Arguments!.Add(new QueryArgument(sorts) { Name = "sort", DefaultValue = PackageSortGraph.NewestFirst });
        Paging.AddArguments(field);
        field.ResolveAsync(async context => await list(context, FilterOf(context), Paging.Read(context)));
    }

    public static async Task<Slice<PackageNode>?> OfProjectAsync(
        IResolveFieldContext context, Project project, PackageFilter filter, Paging paging)
    {
        var packages = context.Get<PackageListing>();
        return await paging.ReadAsync<PackageNode>(async page =>
        {
            var (rows, total) = await packages.OfProjectAsync(project.Id, filter, page, context.CancellationToken);
            return ([.. rows.Select(row => new PackageNode(row, project))], total);
        });
    }

    public static async Task<Slice<PackageNode>?> OfGroupAsync(
        IResolveFieldContext context, Namespace group, PackageFilter filter, Paging paging)
    {
        var (packages, projects) = (context.Get<PackageListing>(), context.Get<ProjectStore>());
        return await paging.ReadAsync<PackageNode>(async page =>
        {
            var (rows, total) = await packages.OfGroupAsync(
                group, includeSubgroups: true, context.Caller(), filter, page, context.CancellationToken);
            var nodes = new List<PackageNode>(rows.Count);
            foreach (var row in rows)
            {
                // Remembered, mostly; one that was removed meanwhile takes its packages along.
                if (await projects.FindByIdAsync(row.Package.ProjectId, context.CancellationToken) is { } project)
                    nodes.Add(new PackageNode(row.Package, project));
            }
            return (nodes, total);
        });
    }

    private static PackageFilter FilterOf(IResolveFieldContext context)
    {
        var (orderBy, descending) = context.GetArgument<PackageSort>("sort");
        var words = context.GetArgument<string?>("packageName");
        if (PackageFilter.HasTooManyWords(words)) throw new ExecutionError("`packageName` has too many words");
        return new PackageFilter
        {
            OrderBy = orderBy,
            Descending = descending,
            Type = context.GetArgument<string?>("packageType"),
            NameWords = words,
            Version = context.GetArgument<string?>("packageVersion"),
            Status = context.GetArgument<string?>("status"),
        };
    }
}
