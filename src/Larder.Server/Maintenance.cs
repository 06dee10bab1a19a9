using Larder.Registry;
using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Namespaces;
using Larder.Registry.Upkeep;
using Larder.Registry.Upkeep.Moving;
using Larder.Storage.Blobs;

namespace Larder.Server;

/// <summary>The verbs that do one thing and exit.</summary>
internal static class Maintenance
{
    /// <summary>The verb <c>migrate</c>.</summary>
    public static Task<int> MigrateAsync(string[] args, CancellationToken cancellationToken) => RunAsync(args, async services =>
    {
        var scripts = await services.GetRequiredService<Database>().MigrateAsync(cancellationToken);
        Console.WriteLine(scripts.Count == 0 ? "The database is up to date." : $"Ran {string.Join(", ", scripts)}.");
        return 0;
    });

    /// <summary>The verb <c>token</c>: prints the token alone, so that a script can take it.</summary>
    public static Task<int> TokenAsync(string[] args, string username, string name, string[] scopes, CancellationToken cancellationToken) =>
        RunAsync(args, async services =>
        {
            if (await IsOutdatedAsync(services, cancellationToken)) return 1;
            var unknown = scopes.Where(scope => !ScopeNames.All.Contains(scope)).ToList();
            if (unknown.Count > 0)
            {
                await Console.Error.WriteLineAsync($"There is no scope {string.Join(", ", unknown)}. Known are {string.Join(", ", ScopeNames.All)}.");
                return 1;
            }
            if (await services.GetRequiredService<UserStore>().FindByNameAsync(username, cancellationToken) is not { } user)
            {
                await Console.Error.WriteLineAsync($"There is no user {username}.");
                return 1;
            }
            var (_, text) = await services.GetRequiredService<TokenStore>()
                .CreateAsync(user.Id, name, description: null, scopes, expiresAt: null, cancellationToken);
            Console.WriteLine(text);
            return 0;
        });

    /// <summary>
    /// The verb <c>check</c>: reads every blob, and asks of every row whether its bytes are there. Exit code 2 when something
    /// is wrong that it has not repaired, 130 when it was interrupted.
    /// </summary>
    public static Task<int> CheckAsync(string[] args, CheckRequest request, CancellationToken cancellationToken) => RunAsync(args, async services =>
    {
        if (await IsOutdatedAsync(services, cancellationToken)) return 1;
        var progress = new CheckProgress(services.GetRequiredService<TimeProvider>(), Console.WriteLine);
        var (repaired, lost) = (0, 0);
        try
        {
            await foreach (var problem in services.GetRequiredService<IntegrityCheck>().RunAsync(request, progress, cancellationToken))
            {
                if (problem.IsLost) lost++;
                else repaired++;
                Console.WriteLine(problem);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Console.WriteLine($"Interrupted. Go on with --after {(progress.Last.Length > 0 ? progress.Last : request.After)}");
            return 130;
        }
        Console.WriteLine(lost + repaired == 0
            ? $"Every blob is what its digest says, and every row has its blob ({progress.Count} blobs)."
            : $"{progress.Count} blobs: {lost} problems, {repaired} repaired.");
        return lost == 0 ? 0 : 2;
    });

    /// <summary>
    /// The verb <c>move</c>: copies the installation that the configuration names into the one that <paramref name="file"/> names.
    /// Exit code 2 when bytes were missing or damaged in the source.
    /// </summary>
    public static Task<int> MoveAsync(string[] args, string file, CancellationToken cancellationToken) => RunAsync(args, async source =>
    {
        if (await IsOutdatedAsync(source, cancellationToken)) return 1;
        if (!File.Exists(file))
        {
            await Console.Error.WriteLineAsync($"There is no file {file}.");
            return 1;
        }
        // The file alone: environment and command line describe the source.
        var configuration = new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(file)).Build();
        if (Configuration.Read(configuration, Console.Error) is not { } options) return 1;
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddRegistry(options, isServing: false);
        await using var target = services.BuildServiceProvider();
        try
        {
            return await MoveAsync(source, target, cancellationToken);
        }
        catch (Exception e) when (e is MoveRefusedException or IOException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    });

    private static async Task<int> MoveAsync(IServiceProvider source, IServiceProvider target, CancellationToken cancellationToken)
    {
        var time = source.GetRequiredService<TimeProvider>();
        var progress = new MoveProgress(time, Console.WriteLine);
        await new Move(InstallationOf(source), InstallationOf(target), time, progress).RunAsync(cancellationToken);
        if (progress.Problems == 0) return 0;
        progress.Say($"{progress.Problems} blobs could not be moved. 'larder check' names the files that need them.");
        return 2;
    }

    // Taking a blob folder shows that nobody serves it.
    private static Installation InstallationOf(IServiceProvider services) =>
        new(services.GetRequiredService<Database>(), services.GetRequiredService<IBlobStore>());

    private static async Task<bool> IsOutdatedAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        if (!await services.GetRequiredService<Database>().IsOutdatedAsync(cancellationToken)) return false;
        await Console.Error.WriteLineAsync("There is no database of this version here: is Larder:DataDirectory or Larder:Database right, "
            + "and has the server been started, or 'larder migrate' been run?");
        return true;
    }

    private static async Task<int> RunAsync(string[] args, Func<IServiceProvider, Task<int>> work)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        if (Configuration.Read(builder.Configuration, Console.Error) is not { } options) return 1;
        builder.Logging.ClearProviders();
        builder.Services.AddRegistry(options, isServing: false);
        await using var app = builder.Build();
        return await work(app.Services);
    }
}
