using GraphQL;
using GraphQL.Types;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;

namespace Larder.Registry.Graph;

/// <summary>Deleting packages and files by their ids, one or several: all of them, or none.</summary>
internal static class DestroyMutations
{
    private const int MostPackages = 20;
    private const int MostFiles = 100;
    private const string Protected = "Package is deletion protected.";

    public static void AddTo(MutationGraph mutations)
    {
        mutations.Add("destroyPackage", "package_deleted", input => input.Field<NonNullGraphType<PackageIdGraph>>("id"), null,
            (context, input) => DestroyPackagesAsync(context, [(long)input["id"]!]));
        mutations.Add("destroyPackages", "package_deleted", input => input.Field<NonNullGraphType<ListGraphType<NonNullGraphType<PackageIdGraph>>>>("ids"), null,
            (context, input) => DestroyPackagesAsync(context, input.Ids("ids")));
        mutations.Add("destroyPackageFile", "package_file_deleted", input => input.Field<NonNullGraphType<PackageFileIdGraph>>("id"), null, DestroyFileAsync);
        mutations.Add("destroyPackageFiles", "package_file_deleted", input =>
        {
            input.Field<NonNullGraphType<IdGraphType>>("projectPath");
            input.Field<NonNullGraphType<ListGraphType<NonNullGraphType<PackageFileIdGraph>>>>("ids");
        }, null, DestroyFilesAsync);
    }

    private static async Task<Payload> DestroyPackagesAsync(IResolveFieldContext context, IReadOnlyList<long> ids)
    {
        if (ids.Count > MostPackages) throw new ExecutionError($"Cannot delete more than {MostPackages} packages");
        var found = new List<PackageNode>();
        foreach (var id in ids)
        {
            var package = await PackageNode.FindAsync(context, id, Permission.DestroyPackage) ?? throw GraphError.NotAvailable();
            if (await IsProtectedAsync(context, package)) return new Payload(null, Protected);
            found.Add(package);
        }
        var packages = context.Get<PackageStore>();
        context.User().Places.UnionWith(found.Select(package => new GatedPlace(package.Project, null)));
        foreach (var package in found) await packages.DeleteAsync(package.Row, context.CancellationToken);
        return Payload.Done;
    }

    private static async Task<Payload> DestroyFileAsync(IResolveFieldContext context, MutationInput input)
    {
        var packages = context.Get<PackageStore>();
        if (await packages.FindFileByIdAsync((long)input["id"]!, context.CancellationToken) is not { } file
            || await PackageNode.FindAsync(context, file.PackageId, Permission.DestroyPackage) is not { } package)
            throw GraphError.NotAvailable();
        if (await IsProtectedAsync(context, package)) return new Payload(null, Protected);
        context.User().Places.Add(new GatedPlace(package.Project, null));
        await packages.DeleteFileAsync(file, context.CancellationToken);
        return Payload.Done;
    }

    private static async Task<Payload> DestroyFilesAsync(IResolveFieldContext context, MutationInput input)
    {
        var ids = input.Ids("ids");
        if (ids.Count > MostFiles) throw new ExecutionError($"Cannot delete more than {MostFiles} files");
        var project = await SettingsMutations.ProjectAsync(context, input, Permission.DestroyPackage);
        var packages = context.Get<PackageStore>();
        var files = new List<PackageFile>();
        foreach (var id in ids)
        {
            if (await packages.FindFileByIdAsync(id, context.CancellationToken) is not { } file
                || await packages.FindByIdAsync(file.PackageId, context.CancellationToken) is not { } package || package.ProjectId != project.Id)
                throw new ExecutionError("All package files must be in the project");
            if (await IsProtectedAsync(context, new PackageNode(package, project))) return new Payload(null, Protected);
            files.Add(file);
        }
        foreach (var file in files) await packages.DeleteFileAsync(file, context.CancellationToken);
        return Payload.Done;
    }

    private static async Task<bool> IsProtectedAsync(IResolveFieldContext context, PackageNode package) =>
        await context.Get<PackageProtection>().CheckDeleteAsync(context.Caller(), package.Project, package.Row, context.CancellationToken) is not null;
}
