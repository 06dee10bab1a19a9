using System.Globalization;
using System.Text.Json;

namespace Larder.Web.Maven;

/// <summary>What a connection test has found, for people.</summary>
/// <param name="Works">Whether files can be expected.</param>
/// <param name="Text">What was found, and where to look if it does not work.</param>
public sealed record ConnectionWords(bool Works, string Text)
{
    private const string Error = "Error: ";

    /// <summary>Reads the answer of the API's connection test (Maven contract section 4).</summary>
    internal static ConnectionWords Of(JsonElement answer)
    {
        if (answer.GetProperty("success").GetBoolean())
            return new(true, "Reachable: it answers as a repository does, with a file or with 'not found', and takes these credentials.");
        var result = answer.GetProperty("result").GetString()!;
        var text = result.StartsWith(Error, StringComparison.Ordinal) ? result[Error.Length..] : result;
        if (text == "Connection timeout") return new(false, "Timed out: there was no answer in time. Is the address right, and does a firewall let this server through?");
        if (text.StartsWith("URL is blocked: ", StringComparison.Ordinal))
            return new(false, "Not allowed: its address is private. The operator of this server can allow it with Larder:Upstreams:AllowedHosts.");
        return text.Split(" - ", 2) is [var code, var reason] && int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var status)
            ? new(false, OfStatus(status, reason))
            : new(false, $"Not reachable: {text}.");
    }

    private static string OfStatus(int status, string reason)
    {
        var answered = $"it answered {status.ToString(CultureInfo.InvariantCulture)} {reason}".TrimEnd();
        return status switch
        {
            401 or 407 => $"Refused: {answered}. The username or the password is wrong or missing.",
            403 => $"Refused: {answered}. These credentials may not read there. Some repositories also answer so for what they do not have.",
            429 => $"Too many requests: {answered}. It wants to be left alone for a while.",
            >= 500 => $"In trouble: {answered}. Try again later.",
            _ => $"Not a repository: {answered}, which is no answer to a request for a file. Is the address right?",
        };
    }
}
