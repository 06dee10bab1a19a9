using Larder.Registry.Http;

namespace Larder.Registry.Packages;

/// <summary>What holds for the packages of a group's projects.</summary>
internal sealed record PackageSettingsJson(bool GenericDuplicatesAllowed, string GenericDuplicateExceptionRegex)
{
    public static PackageSettingsJson Of(PackageSettings settings) => new(settings.DuplicatesAllowed, settings.DuplicateException);
}

/// <summary>A protection rule of a project.</summary>
internal sealed record ProtectionRuleJson(
    long Id, long ProjectId, string PackageNamePattern, string PackageType, string? MinimumAccessLevelForDelete, string? MinimumAccessLevelForPush)
{
    public static ProtectionRuleJson Of(ProtectionRule rule) => new(
        rule.Id, rule.ProjectId, rule.PackageNamePattern, rule.PackageType, rule.MinimumAccessLevelForDelete, rule.MinimumAccessLevelForPush);
}

/// <summary>What is removed from a project by itself.</summary>
internal sealed record CleanupPolicyJson(
    string KeepNDuplicatedPackageFiles, long? DeleteGenericPackagesNotDownloadedInDays, DateTimeOffset? NextRunAt)
{
    public static CleanupPolicyJson Of(CleanupPolicy policy) => new(policy.Keep, policy.NotDownloadedDays, ApiJson.Instant(policy.NextRunAt));
}

/// <summary>What a policy would remove now.</summary>
internal sealed record CleanupPreviewJson(
    string KeepNDuplicatedPackageFiles, long? DeleteGenericPackagesNotDownloadedInDays, FilesToCleanJson PackageFiles, PackagesToCleanJson Packages)
{
    public static CleanupPreviewJson Of(CleanupPolicy policy, CleanupPreview preview) => new(
        policy.Keep, policy.NotDownloadedDays,
        new FilesToCleanJson(preview.Files.Count, preview.Files.Size, [.. preview.FirstFiles.Select(PackageFileJson.Of)]),
        new PackagesToCleanJson(preview.Packages.Count, preview.Packages.Size, [.. preview.FirstPackages.Select(PackageToCleanJson.Of)]));
}

/// <summary>The files that would go: how many, how many bytes, and the first of them.</summary>
internal sealed record FilesToCleanJson(long Count, long Size, IReadOnlyList<PackageFileJson> First);

/// <summary>The packages that would go: how many, how many bytes in their files, and the first of them.</summary>
internal sealed record PackagesToCleanJson(long Count, long Size, IReadOnlyList<PackageToCleanJson> First);

/// <summary>A package that would go.</summary>
internal sealed record PackageToCleanJson(long Id, string Name, string Version, DateTimeOffset CreatedAt, DateTimeOffset? LastDownloadedAt)
{
    public static PackageToCleanJson Of(Package package) => new(
        package.Id, package.Name, package.Version, ApiJson.Instant(package.CreatedAt), ApiJson.Instant(package.LastDownloadedAt));
}
