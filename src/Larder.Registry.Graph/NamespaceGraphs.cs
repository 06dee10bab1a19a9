using GraphQL.Types;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;

namespace Larder.Registry.Graph;

/// <summary>A group or a personal namespace, with its package settings.</summary>
internal abstract class NamespaceGraphBase : ObjectGraphType<Namespace>
{
    protected NamespaceGraphBase(string name)
    {
        Name = name;
        Field<NonNullGraphType<IdGraphType>>("id").Resolve(context =>
            GlobalId.Text(context.Source.Kind == NamespaceKind.Group ? "Group" : "Namespaces::UserNamespace", context.Source.Id));
        Field<NonNullGraphType<StringGraphType>>("name").Resolve(context => context.Source.Name);
        Field<NonNullGraphType<StringGraphType>>("path").Resolve(context => context.Source.Path);
        Field<NonNullGraphType<IdGraphType>>("fullPath").Resolve(context => context.Source.FullPath);
        Field<StringGraphType>("visibility").Resolve(context => context.Source.Visibility);
        Field<StringGraphType>("description").Resolve(context => context.Source.Description);
        Field<PackageSettingsGraph>("packageSettings").ResolveAsync(async context =>
            await context.Get<Gate>().AllowsAsync(context.Caller(), Permission.ManagePackageSettings, context.Source, context.CancellationToken)
                ? await context.Get<PackageSettingsStore>().FindAsync(context.Source.Id, context.CancellationToken) : null);
    }
}

/// <summary>A group or a personal namespace.</summary>
internal sealed class NamespaceGraph() : NamespaceGraphBase("Namespace");

/// <summary>A group, with the packages of its projects.</summary>
internal sealed class GroupGraph : NamespaceGraphBase
{
    public GroupGraph() : base("Group") => PackagePages.AddTo(this, "packages", new PackageSortGraph(inGroup: true), async (context, filter, page) =>
        await context.Get<Gate>().AllowsAsync(context.Caller(), Permission.ListGroupPackages, context.Source, context.CancellationToken)
            ? await PackagePages.OfGroupAsync(context, context.Source, filter, page) : null);
}

/// <summary>A project, with its packages and its cleanup policy.</summary>
internal sealed class ProjectGraph : ObjectGraphType<Project>
{
    public ProjectGraph()
    {
        Name = "Project";
        Field<NonNullGraphType<IdGraphType>>("id").Resolve(context => GlobalId.Text("Project", context.Source.Id));
        Field<NonNullGraphType<StringGraphType>>("name").Resolve(context => context.Source.Name);
        Field<NonNullGraphType<StringGraphType>>("path").Resolve(context => context.Source.Path);
        Field<NonNullGraphType<IdGraphType>>("fullPath").Resolve(context => context.Source.FullPath);
        Field<StringGraphType>("visibility").Resolve(context => context.Source.Visibility);
        Field<StringGraphType>("description").Resolve(context => context.Source.Description);
        Field<TimeGraph>("createdAt").Resolve(context => context.Source.CreatedAt);
        PackagePages.AddTo(this, "packages", new PackageSortGraph(inGroup: false), async (context, filter, page) =>
            await context.Get<Gate>().AllowsAsync(context.Caller(), Permission.ListPackages, context.Source, context.CancellationToken)
                ? await PackagePages.OfProjectAsync(context, context.Source, filter, page) : null);
        Field<CleanupPolicyGraph>("packagesCleanupPolicy").ResolveAsync(async context =>
            await context.Get<Gate>().AllowsAsync(context.Caller(), Permission.ManagePackageRules, context.Source, context.CancellationToken)
                ? await context.Get<CleanupPolicyStore>().FindAsync(context.Source.Id, context.CancellationToken) : null);
    }
}
