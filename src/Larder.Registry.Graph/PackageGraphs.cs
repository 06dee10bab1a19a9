using System.Globalization;
using GraphQL.Types;
using Larder.Registry.Access;
using Larder.Registry.Http;
using Larder.Registry.Packages;

namespace Larder.Registry.Graph;

/// <summary>What a package shows in a list and by itself.</summary>
internal abstract class PackageGraphBase : ObjectGraphType<PackageNode>
{
    protected PackageGraphBase(string name)
    {
        Name = name;
        Field<NonNullGraphType<PackageIdGraph>>("id").Resolve(context => context.Source.Row.Id);
        Field<NonNullGraphType<StringGraphType>>("name").Resolve(context => context.Source.Row.Name);
        Field<StringGraphType>("version").Resolve(context => context.Source.Row.Version);
        Field<NonNullGraphType<PackageTypeGraph>>("packageType").Resolve(context => context.Source.Row.Type);
        Field<NonNullGraphType<PackageStatusGraph>>("status").Resolve(context => context.Source.Row.Status);
        Field<StringGraphType>("statusMessage").Resolve(_ => null);
        Field<NonNullGraphType<TimeGraph>>("createdAt").Resolve(context => context.Source.Row.CreatedAt);
        Field<NonNullGraphType<TimeGraph>>("updatedAt").Resolve(context => context.Source.Row.UpdatedAt);
        Field<NonNullGraphType<ProjectGraph>>("project").Resolve(context => context.Source.Project);
        Field<NonNullGraphType<PackageLinksGraph>>("_links").Resolve(context => context.Source);
        Field<NonNullGraphType<PackagePermissionsGraph>>("userPermissions").Resolve(context => context.Source);
        Field<NonNullGraphType<BooleanGraphType>>("protectionRuleExists").ResolveAsync(async context =>
            (await context.Get<ProtectionRuleStore>().OfProjectAsync(context.Source.Project.Id, context.CancellationToken))
                .Any(rule => rule.Matches(context.Source.Row.Type, context.Source.Row.Name)));
    }
}

/// <summary>A package in a list.</summary>
internal sealed class PackageGraph() : PackageGraphBase("PackageBase");

/// <summary>Packages, page by page.</summary>
internal sealed class PackageConnectionGraph() : ConnectionGraph<PackageGraph, PackageNode>("PackageBase");

/// <summary>A package by itself, with its files and its other versions.</summary>
internal sealed class PackageDetailsGraph : PackageGraphBase
{
    public PackageDetailsGraph() : base("PackageDetailsType")
    {
        Field<TimeGraph>("lastDownloadedAt").Resolve(context => context.Source.Row.LastDownloadedAt);
        var files = Field<PackageFileConnectionGraph>("packageFiles");
        Paging.AddArguments(files);
        files.ResolveAsync(async context =>
        {
            var (packages, package) = (context.Get<PackageStore>(), context.Source);
            return await Paging.Read(context).ReadAsync<PackageFileNode>(async page =>
            {
                var (rows, total) = await packages.FilesAsync(package.Row.Id, "id", descending: true, page, context.CancellationToken);
                return ([.. rows.Select(row => new PackageFileNode(row, package.Project))], total);
            });
        });
        Field<PackageConnectionGraph>("versions").ResolveAsync(async context =>
        {
            var others = await context.Get<PackageStore>().OtherVersionsAsync(context.Source.Row, context.CancellationToken);
            return new Slice<PackageNode>([.. others.Select(row => new PackageNode(row, context.Source.Project))], 0, others.Count, false);
        });
    }
}

/// <summary>Where people find a package.</summary>
internal sealed class PackageLinksGraph : ObjectGraphType<PackageNode>
{
    public PackageLinksGraph()
    {
        Name = "PackageLinks";
        Field<StringGraphType>("webPath").Resolve(context => context.Source.Row.Status is "default" or "deprecated"
            ? context.Source.Row.WebPath(context.Source.Project.FullPath) : null);
    }
}

/// <summary>What the caller may do to a package.</summary>
internal sealed class PackagePermissionsGraph : ObjectGraphType<PackageNode>
{
    public PackagePermissionsGraph()
    {
        Name = "PackagePermissions";
        Field<NonNullGraphType<BooleanGraphType>>("destroyPackage").ResolveAsync(async context =>
            await context.Get<Gate>().AllowsAsync(context.Caller(), Permission.DestroyPackage, context.Source.Project, context.CancellationToken));
    }
}

/// <summary>A file of a package.</summary>
internal sealed class PackageFileGraph : ObjectGraphType<PackageFileNode>
{
    public PackageFileGraph()
    {
        Name = "PackageFile";
        Field<NonNullGraphType<PackageFileIdGraph>>("id").Resolve(context => context.Source.Row.Id);
        Field<NonNullGraphType<StringGraphType>>("fileName").Resolve(context => context.Source.Row.FileName);
        // A text: GraphQL's whole numbers end at 2 GiB.
        Field<NonNullGraphType<StringGraphType>>("size").Resolve(context => context.Source.Row.Size.ToString(CultureInfo.InvariantCulture));
        Field<NonNullGraphType<StringGraphType>>("downloadPath").Resolve(context => string.Create(CultureInfo.InvariantCulture,
            $"/api/v4/projects/{context.Source.Project.Id}/packages/{context.Source.Row.PackageId}/package_files/{context.Source.Row.Id}/download"));
        Field<StringGraphType>("fileMd5").Resolve(context => context.Source.Row.Md5);
        Field<StringGraphType>("fileSha1").Resolve(context => context.Source.Row.Sha1);
        Field<StringGraphType>("fileSha256").Resolve(context => context.Source.Row.Sha256);
        Field<NonNullGraphType<TimeGraph>>("createdAt").Resolve(context => context.Source.Row.CreatedAt);
        Field<NonNullGraphType<TimeGraph>>("updatedAt").Resolve(context => context.Source.Row.UpdatedAt);
    }
}

/// <summary>Files, page by page.</summary>
internal sealed class PackageFileConnectionGraph() : ConnectionGraph<PackageFileGraph, PackageFileNode>("PackageFile");
