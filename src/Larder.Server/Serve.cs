using System.Net.Sockets;
using Larder.Registry;
using Larder.Registry.Access;
using Larder.Registry.Data;
using Larder.Registry.Upkeep.Moving;
using Larder.Storage.Blobs;
using Larder.Web;
using Microsoft.AspNetCore.Connections;

namespace Larder.Server;

/// <summary>The verb <c>serve</c>.</summary>
internal static partial class Serve
{
    /// <summary>Serves until the process is told to stop. The result is the exit code.</summary>
    public static async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        if (Configuration.Read(builder.Configuration, Console.Error) is not { } options) return 1;
        Hosting.Configure(builder);
        builder.Services.AddRegistry(options);
        builder.Services.AddPages();
        builder.Services.AddObservation();
        builder.Services.AddApiReference();

        await using var app = builder.Build();
        if (await app.Services.GetRequiredService<BlobHealth>().StartProblemAsync(cancellationToken) is { } problem)
        {
            await Console.Error.WriteLineAsync(problem);
            return 1;
        }

        app.UseRegistry();
        app.UsePages();
        app.MapRegistry();
        app.MapPages();
        app.MapObservation(options);
        app.MapApiReference();

        app.Services.GetRequiredService<IBlobStore>(); // takes the folder now: two servers must not share one
        if (!await PrepareAsync(app, options, cancellationToken)) return 1;
        if (!await ListenAsync(app, cancellationToken)) return 1;
        await app.WaitForShutdownAsync(cancellationToken);
        return 0;
    }

    // What the operator has to change is no bug: one line, and no stack.
    private static async Task<bool> ListenAsync(WebApplication app, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
            return true;
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            await Console.Error.WriteLineAsync(e.Message); // names the address
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied or SocketError.AddressNotAvailable)
        {
            await Console.Error.WriteLineAsync($"Failed to bind to address {app.Configuration[WebHostDefaults.ServerUrlsKey]}: {e.Message}.");
        }
        return false;
    }

    private static async Task<bool> PrepareAsync(WebApplication app, LarderOptions options, CancellationToken cancellationToken)
    {
        foreach (var script in await app.Services.GetRequiredService<Database>().MigrateAsync(cancellationToken))
            MigrationRan(app.Logger, script);
        if (await Move.IsUnfinishedAsync(app.Services.GetRequiredService<Database>(), cancellationToken))
        {
            await Console.Error.WriteLineAsync("This database is the target of a move that has not finished. Run 'larder move' again first.");
            return false;
        }
        if (await app.Services.GetRequiredService<RootAccount>().EnsureAsync(cancellationToken) is { } token)
        {
            Console.WriteLine($"The first start has made the user root. Its token, shown only now: {token}");
            Console.WriteLine($"It also stands in {Path.Combine(options.DataDirectory, RootAccount.FileName)}; delete that file when you have put the token in a safe place.");
        }
        return true;
    }

    [LoggerMessage(7002, LogLevel.Information, "Migration {Script} ran")]
    private static partial void MigrationRan(ILogger logger, string script);
}
