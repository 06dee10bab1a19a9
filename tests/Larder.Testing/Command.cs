using System.Diagnostics;

namespace Larder.Testing;

/// <summary>Runs other programs.</summary>
public static class Command
{
    /// <summary>What a program printed.</summary>
    public sealed record Result(int ExitCode, string Output, string Errors);

    /// <summary>Runs it to its end. Cancelling kills it and its children.</summary>
    public static async Task<Result> TryRunAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancellationToken,
        string? folder = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = folder ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            return new Result(process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Runs it to its end; what it printed.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message holds all that it printed.</exception>
    public static async Task<string> RunAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancellationToken,
        string? folder = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var all = arguments.ToList();
        var result = await TryRunAsync(program, all, cancellationToken, folder, environment);
        return result.ExitCode == 0
            ? result.Output
            : throw new InvalidOperationException(
                $"{program} {string.Join(' ', all)} ended with {result.ExitCode}:\n{result.Output}\n{result.Errors}");
    }
}
