using System.CommandLine;
using System.Reflection;
using Larder.Registry.Data;
using Larder.Registry.Upkeep;
using Larder.Storage.Blobs;

namespace Larder.Server;

/// <summary>The command line: what each verb is called and what it takes.</summary>
internal static class Verbs
{
    /// <summary>The version of this program.</summary>
    public static string Version { get; } =
        typeof(Verbs).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>Runs the verb that <paramref name="args"/> name; <c>serve</c> when they name none. The result is the exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            return await Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (DatabaseUnavailableException e)
        {
            await Console.Error.WriteLineAsync($"The database does not answer: {e.Message}");
            return 1;
        }
        catch (Exception e) when (e is MigrationFailedException or BlobFolderInUseException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }

    private static ParseResult Parse(string[] args)
    {
        var root = new RootCommand("Larder keeps a team's packages: GitLab's generic packages and Maven virtual registries.")
        {
            TreatUnmatchedTokensAsErrors = false, // --urls and --Larder:… belong to the configuration
        };
        root.SetAction((_, cancellationToken) => Serve.RunAsync(args, cancellationToken));

        var serve = new Command("serve", "Serve HTTP until told to stop (the default).") { TreatUnmatchedTokensAsErrors = false };
        serve.SetAction((_, cancellationToken) => Serve.RunAsync(args[1..], cancellationToken));
        root.Add(serve);

        var migrate = new Command("migrate", "Bring the database to this version, then exit.") { TreatUnmatchedTokensAsErrors = false };
        migrate.SetAction((_, cancellationToken) => Maintenance.MigrateAsync(args[1..], cancellationToken));
        root.Add(migrate);

        var user = new Argument<string>("user") { Description = "Username of the token's owner." };
        var name = new Option<string>("--name") { Description = "Name of the token.", DefaultValueFactory = _ => "command line" };
        // Repeated, not a list: a list would swallow configuration that follows it.
        var scopes = new Option<string[]>("--scopes") { Description = "A scope; repeat it for more.", DefaultValueFactory = _ => ["api"] };
        var token = new Command("token", "Make a personal access token and print it.") { user, name, scopes };
        token.TreatUnmatchedTokensAsErrors = false;
        token.SetAction((result, cancellationToken) => Maintenance.TokenAsync(
            [.. result.UnmatchedTokens], result.GetRequiredValue(user), result.GetRequiredValue(name), result.GetRequiredValue(scopes),
            cancellationToken));
        root.Add(token);

        var repair = new Option<bool>("--repair") { Description = "Remove cached copies that are damaged, so that they are fetched again." };
        var after = new Option<string>("--after") { Description = "Begin behind this digest, as an interrupted check said.", DefaultValueFactory = _ => "" };
        var rate = new Option<long>("--rate") { Description = "MiB a second at the most; 0 for no bound." };
        var check = new Command("check", "Read every blob and compare it with its digest and with the rows that name it.") { repair, after, rate };
        check.TreatUnmatchedTokensAsErrors = false;
        check.SetAction((result, cancellationToken) => Maintenance.CheckAsync([.. result.UnmatchedTokens], new CheckRequest
        {
            Repair = result.GetValue(repair), After = result.GetRequiredValue(after), BytesPerSecond = result.GetValue(rate) << 20,
        }, cancellationToken));
        root.Add(check);

        var to = new Option<string>("--to")
        {
            Description = "A configuration file (JSON, section Larder) that names the database and the blobs to move into.", Required = true,
        };
        var move = new Command("move", "Copy this whole installation into another, empty database and blob store of any kind.") { to };
        move.TreatUnmatchedTokensAsErrors = false;
        move.SetAction((result, cancellationToken) =>
            Maintenance.MoveAsync([.. result.UnmatchedTokens], result.GetRequiredValue(to), cancellationToken));
        root.Add(move);

        var version = new Command("version", "Print the version.");
        version.SetAction(_ => Console.WriteLine(Version));
        root.Add(version);
        return root.Parse(args);
    }
}
