using GraphQL;
using GraphQL.Types;
using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Registry.Packages;

namespace Larder.Registry.Graph;

/// <summary>Package settings of namespaces, cleanup policies of projects.</summary>
internal static class SettingsMutations
{
    private const string Allowed = "genericDuplicatesAllowed";
    private const string Exception = "genericDuplicateExceptionRegex";
    private const string Keep = "keepNDuplicatedPackageFiles";
    private const string Days = "deleteGenericPackagesNotDownloadedInDays";

    public static void AddTo(MutationGraph mutations)
    {
        mutations.Add("updateNamespacePackageSettings", "package_settings_updated", input =>
        {
            input.Field<NonNullGraphType<IdGraphType>>("namespacePath");
            input.Field<BooleanGraphType>(Allowed);
            input.Field<UntrustedRegexpGraph>(Exception);
        }, ("packageSettings", typeof(PackageSettingsGraph)), UpdateSettingsAsync);
        mutations.Add("updatePackagesCleanupPolicy", "package_cleanup_policy_updated", input =>
        {
            input.Field<NonNullGraphType<IdGraphType>>("projectPath");
            input.Field<KeptFilesGraph>(Keep);
            input.Field<IntGraphType>(Days);
        }, ("packagesCleanupPolicy", typeof(CleanupPolicyGraph)), UpdatePolicyAsync);
    }

    private static async Task<Payload> UpdateSettingsAsync(IResolveFieldContext context, MutationInput input)
    {
        var @namespace = await context.Get<NamespaceStore>().FindAsync($"{input["namespacePath"]}", context.CancellationToken);
        if (@namespace is null
            || !await context.Get<Gate>().AllowsAsync(context.Caller(), Permission.ManagePackageSettings, @namespace, context.CancellationToken))
            throw GraphError.NotAvailable();
        context.User().Places.Add(new GatedPlace(null, @namespace));
        var exception = input.Has(Exception) ? input[Exception] as string ?? "" : null;
        if (exception is not null && PackageSettings.ProblemOf(exception) is { } problem)
            return new Payload(null, $"Generic duplicate exception regex {problem}");
        return new Payload(await context.Get<PackageSettingsStore>().SaveAsync(
            @namespace.Id, (bool?)input[Allowed], exception, context.CancellationToken));
    }

    private static async Task<Payload> UpdatePolicyAsync(IResolveFieldContext context, MutationInput input)
    {
        var project = await ProjectAsync(context, input, Permission.ManagePackageRules);
        if (CleanupPolicy.ProblemOfDays((int?)input[Days]) is { } problem)
            return new Payload(null, $"Delete generic packages not downloaded in days {problem}");
        var policies = context.Get<CleanupPolicyStore>();
        var before = await policies.FindAsync(project.Id, context.CancellationToken);
        return new Payload(await policies.SaveAsync(project.Id, before with
        {
            Keep = (string?)input[Keep] ?? before.Keep,
            NotDownloadedDays = input.Has(Days) ? (int?)input[Days] : before.NotDownloadedDays,
        }, context.CancellationToken));
    }

    /// <summary>The project of <c>projectPath</c>, in which the caller has the permission.</summary>
    /// <exception cref="ExecutionError">There is no such project, or the caller may not.</exception>
    public static async Task<Project> ProjectAsync(IResolveFieldContext context, MutationInput input, Permission permission)
    {
        if (await context.Get<ProjectStore>().FindAsync($"{input["projectPath"]}", context.CancellationToken) is not { } project
            || !await context.Get<Gate>().AllowsAsync(context.Caller(), permission, project, context.CancellationToken))
            throw GraphError.NotAvailable();
        context.User().Places.Add(new GatedPlace(project, null));
        return project;
    }
}
