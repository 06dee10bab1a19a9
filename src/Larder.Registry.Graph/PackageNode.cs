using GraphQL;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;

namespace Larder.Registry.Graph;

/// <summary>A package and the project that it is in.</summary>
internal sealed record PackageNode(Package Row, Project Project)
{
    /// <summary>A package by its id, if the caller has the permission in its project; else null.</summary>
    public static async Task<PackageNode?> FindAsync(IResolveFieldContext context, long id, Permission permission)
    {
        var cancellationToken = context.CancellationToken;
        if (await context.Get<PackageStore>().FindByIdAsync(id, cancellationToken) is not { } row) return null;
        return await context.Get<ProjectStore>().FindByIdAsync(row.ProjectId, cancellationToken) is { } project
            && await context.Get<Gate>().AllowsAsync(context.Caller(), permission, project, cancellationToken)
            ? new PackageNode(row, project) : null;
    }
}

/// <summary>A file of a package of a project.</summary>
internal sealed record PackageFileNode(PackageFile Row, Project Project);
