using GraphQL.Types;
using Larder.Registry.Packages;

namespace Larder.Registry.Graph;

/// <summary>The package settings of a namespace; of generic packages alone, because Larder publishes no others.</summary>
internal sealed class PackageSettingsGraph : ObjectGraphType<PackageSettings>
{
    public PackageSettingsGraph()
    {
        Name = "PackageSettings";
        Field<NonNullGraphType<BooleanGraphType>>("genericDuplicatesAllowed").Resolve(context => context.Source.DuplicatesAllowed);
        Field<UntrustedRegexpGraph>("genericDuplicateExceptionRegex").Resolve(context => context.Source.DuplicateException);
    }
}

/// <summary>The cleanup policy of a project.</summary>
internal sealed class CleanupPolicyGraph : ObjectGraphType<CleanupPolicy>
{
    public CleanupPolicyGraph()
    {
        Name = "PackagesCleanupPolicy";
        Field<NonNullGraphType<KeptFilesGraph>>("keepNDuplicatedPackageFiles").Resolve(context => context.Source.Keep);
        Field<IntGraphType>("deleteGenericPackagesNotDownloadedInDays").Resolve(context => context.Source.NotDownloadedDays);
        Field<TimeGraph>("nextRunAt").Resolve(context => context.Source.NextRunAt);
    }
}

/// <summary>How many files of one name stay.</summary>
internal sealed class KeptFilesGraph : EnumerationGraphType
{
    public KeptFilesGraph()
    {
        Name = "PackagesCleanupKeepDuplicatedPackageFilesEnum";
        foreach (var keep in CleanupPolicy.Keeps)
        {
            Add(keep switch
            {
                "1" => "ONE_PACKAGE_FILE",
                "10" => "TEN_PACKAGE_FILES",
                "20" => "TWENTY_PACKAGE_FILES",
                "30" => "THIRTY_PACKAGE_FILES",
                "40" => "FORTY_PACKAGE_FILES",
                "50" => "FIFTY_PACKAGE_FILES",
                _ => "ALL_PACKAGE_FILES",
            }, keep);
        }
    }
}
