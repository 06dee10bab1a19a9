using System.Globalization;
using Larder.Storage.Upstreams;
using Npgsql;

namespace Larder.Registry;

/// <summary>Everything that an operator can set, section <c>Larder</c> of the configuration. Read once, at the start.</summary>
public sealed class LarderOptions
{
    /// <summary>SQLite file, file-system blobs, keys and spool. Relative to the working directory.</summary>
    public string DataDirectory { get; init; } = "data";

    /// <summary>Empty: SQLite in the data directory. Otherwise a PostgreSQL connection string.</summary>
    [SecretOption]
    public string Database { get; init; } = "";

    /// <summary>Where the bytes are.</summary>
    public BlobOptions Blobs { get; init; } = new();

    /// <summary>Token of <c>root</c> on the first start; empty for a random one.</summary>
    [SecretOption]
    public string InitialRootToken { get; init; } = "";

    /// <summary>How upstreams are spoken to.</summary>
    public UpstreamOptions Upstreams { get; init; } = new();

    /// <summary>What clients may ask of virtual registries.</summary>
    public VirtualRegistryOptions VirtualRegistries { get; init; } = new();

    /// <summary>How people sign in to the pages.</summary>
    public SignInOptions SignIn { get; init; } = new();

    /// <summary>Base of absolute links; empty to take it from the request.</summary>
    public string ExternalUrl { get; init; } = "";

    /// <summary>The one port on which <c>/-/metrics</c> answers; 0 for every port.</summary>
    public int MetricsPort { get; init; }

    /// <summary>Whether Guests may pull from private projects; GitLab's default is that Reporters may.</summary>
    public bool GuestsMayPull { get; init; }

    /// <summary>
    /// Hours for which bytes are kept after nothing names them any more: the time in which a backup of the database and one
    /// of the bytes, made one after the other, still fit together.
    /// </summary>
    public double BlobGraceHours { get; init; } = 24;

    /// <summary>Days for which audit events are kept; 0 for ever.</summary>
    public int AuditDays { get; init; } = 365;

    /// <summary>
    /// Whether a project may open its package registry to everybody; false takes <c>public</c> for <c>enabled</c> everywhere.
    /// </summary>
    public bool AllowAnyoneToPull { get; init; } = true;

    /// <summary>
    /// Largest generic package file in bytes; 0 for no limit. GitLab's default is 5 GiB. Holds until an administrator sets
    /// the plan limit <c>generic_packages_max_file_size</c>.
    /// </summary>
    public long GenericPackageMaxBytes { get; init; } = 5L << 30;

    /// <summary>Hours after which an upload over several requests is given up when nothing more has arrived.</summary>
    public double UploadExpiryHours { get; init; } = 24;

    /// <summary>Everything that is wrong, each in a sentence that names its key; empty when the server can start.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (DataDirectory.Length == 0) problems.Add("Larder:DataDirectory is empty; it names the folder that Larder keeps its data in.");
        if (Database.Length > 0) CheckDatabase(problems);
        problems.AddRange(Blobs.Problems());
        if (ExternalUrl.Length > 0 && !(Uri.TryCreate(ExternalUrl, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
            problems.Add($"Larder:ExternalUrl is '{ExternalUrl}'; it must be an http or https URL.");
        if (MetricsPort is < 0 or > 65535) problems.Add("Larder:MetricsPort is no port; 0 means every port.");
        if (GenericPackageMaxBytes < 0) problems.Add("Larder:GenericPackageMaxBytes is negative; 0 means no limit.");
        if (BlobGraceHours < 1) problems.Add("Larder:BlobGraceHours is below 1; an upload that is being stored must not be swept.");
        if (AuditDays < 0) problems.Add("Larder:AuditDays is negative; 0 keeps audit events for ever.");
        if (UploadExpiryHours is not (> 0 and <= 24 * 365)) problems.Add("Larder:UploadExpiryHours must be above 0, and a year at the most.");
        if (InitialRootToken.Length is > 0 and < 20)
            problems.Add("Larder:InitialRootToken is shorter than 20 characters; anybody could guess it.");
        problems.AddRange(Upstreams.Problems());
        problems.AddRange(SignIn.OpenIdConnect.Problems());
        problems.AddRange(VirtualRegistries.Problems());
        return problems;
    }

    private void CheckDatabase(List<string> problems)
    {
        try
        {
            if (string.IsNullOrEmpty(new NpgsqlConnectionStringBuilder(Database).Host))
                problems.Add("Larder:Database names no Host.");
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            // The text may hold a password: it is not repeated.
            problems.Add("Larder:Database is not a PostgreSQL connection string (Host=…;Database=…;Username=…).");
        }
    }
}

/// <summary>Section <c>Larder:VirtualRegistries</c>.</summary>
public sealed class VirtualRegistryOptions
{
    /// <summary>Requests of one address in a window, 0 for no limit. GitLab's default is 4000.</summary>
    public int RequestLimit { get; init; }

    /// <summary>The window in seconds.</summary>
    public double RequestLimitSeconds { get; init; } = 15;

    /// <summary>Bytes that the caches of one group may hold, unless its cleanup policy says otherwise; 0 for no limit.</summary>
    public long CacheBytesPerGroup { get; init; }

    /// <summary>Whether Maintainers may put files into a cache by <c>POST …/upload</c>; GitLab forbids it to everybody.</summary>
    public bool AllowSeeding { get; init; }

    internal IEnumerable<string> Problems()
    {
        if (RequestLimit < 0) yield return "Larder:VirtualRegistries:RequestLimit is negative; 0 means no limit.";
        if (CacheBytesPerGroup < 0) yield return "Larder:VirtualRegistries:CacheBytesPerGroup is negative; 0 means no limit.";
        if (RequestLimitSeconds <= 0) yield return "Larder:VirtualRegistries:RequestLimitSeconds must be above 0.";
    }
}

/// <summary>Section <c>Larder:Upstreams</c>.</summary>
public sealed class UpstreamOptions
{
    /// <summary>Hosts, host:port, addresses or CIDR ranges that may be contacted although they are private.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Seconds to wait for a connection.</summary>
    public double ConnectTimeoutSeconds { get; init; } = 10;

    /// <summary>Seconds to wait for the head of an answer.</summary>
    public double ResponseTimeoutSeconds { get; init; } = 30;

    /// <summary>Seconds without a single byte after which a transfer has failed.</summary>
    public double IdleTimeoutSeconds { get; init; } = 30;

    /// <summary>Connections to one host at a time.</summary>
    public int MaxConnectionsPerHost { get; init; } = 32;

    /// <summary>Requests a second to one host in the long run, 0 for no limit.</summary>
    public double RequestsPerSecond { get; init; }

    /// <summary>Requests to one host that may go at once before the rate holds.</summary>
    public double RequestBurst { get; init; } = 100;

    /// <summary>Largest file that is fetched, in bytes.</summary>
    public long MaxBytes { get; init; } = 5L << 30;

    /// <summary>Seconds for which "nobody has this file" is remembered.</summary>
    public double AbsenceSeconds { get; init; } = 300;

    /// <summary>The same for <c>maven-metadata.xml</c>.</summary>
    public double MetadataAbsenceSeconds { get; init; } = 60;

    /// <summary>Hours past its validity for which a copy may still be served while its upstream fails; 0 for no bound.</summary>
    public double MaxStaleHours { get; init; } = 24 * 30;

    internal IEnumerable<string> Problems()
    {
        foreach (var problem in AddressGuard.Problems(AllowedHosts)) yield return $"Larder:Upstreams:AllowedHosts: {problem}";
        foreach (var (key, value) in new[]
        {
            (nameof(ConnectTimeoutSeconds), ConnectTimeoutSeconds), (nameof(ResponseTimeoutSeconds), ResponseTimeoutSeconds),
            (nameof(IdleTimeoutSeconds), IdleTimeoutSeconds), (nameof(MaxConnectionsPerHost), MaxConnectionsPerHost),
            (nameof(MaxBytes), MaxBytes), (nameof(RequestBurst), RequestBurst),
        })
        {
            if (value <= 0) yield return Text(key, value, "it must be above 0");
        }
        foreach (var (key, value) in new[]
        {
            (nameof(AbsenceSeconds), AbsenceSeconds), (nameof(MetadataAbsenceSeconds), MetadataAbsenceSeconds), (nameof(MaxStaleHours), MaxStaleHours),
            (nameof(RequestsPerSecond), RequestsPerSecond),
        })
        {
            if (value < 0) yield return Text(key, value, "it must not be negative");
        }
    }

    private static string Text(string key, double value, string rule) =>
        string.Create(CultureInfo.InvariantCulture, $"Larder:Upstreams:{key} is {value}; {rule}.");
}
