using System.Globalization;

namespace Larder.Web.Administration;

/// <summary>The addresses of the pages for administrators.</summary>
public static class AdminLinks
{
    /// <summary>What there is.</summary>
    public const string Start = "/-/admin";

    /// <summary>Users.</summary>
    public const string Users = "/-/admin/users";

    /// <summary>A new user.</summary>
    public const string NewUser = "/-/admin/users/new";

    /// <summary>How much is stored.</summary>
    public const string Storage = "/-/admin/storage";

    /// <summary>Periodic work.</summary>
    public const string Upkeep = "/-/admin/upkeep";

    /// <summary>Downloads from upstreams and uploads that run now.</summary>
    public const string Downloads = "/-/admin/downloads";

    /// <summary>Who changed what.</summary>
    public const string Audit = "/-/admin/audit";

    /// <summary>The options in force.</summary>
    public const string Configuration = "/-/admin/configuration";

    /// <summary>The pages in the order of their navigation, with what each is for.</summary>
    public static IReadOnlyList<(string Address, string Title, string About)> All { get; } =
    [
        (Users, "Users", "Find, make, change, block and delete users; passwords and tokens for them."),
        (Storage, "Storage", "What takes up how much, by group and by kind."),
        (Upkeep, "Upkeep", "The work that runs beside requests: when, where and with what result."),
        (Downloads, "Downloads and uploads", "What this node is fetching from upstreams and receiving from clients just now."),
        (Audit, "Audit log", "Who changed what, where and when."),
        (Configuration, "Configuration", "Every option that is in force, and its default."),
    ];

    /// <summary>One user.</summary>
    public static string User(long id) => $"{Users}/{id.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>The runs of one kind of work.</summary>
    public static string Runs(string name) => $"{Upkeep}?name={Uri.EscapeDataString(name)}";
}
