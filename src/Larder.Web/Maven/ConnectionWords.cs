using System.Globalization;
using Larder.Registry.VirtualRegistries;
using Larder.Storage.Upstreams;

namespace Larder.Web.Maven;

/// <summary>What a connection test has found, for people.</summary>
/// <param name="Works">Whether files can be expected.</param>
/// <param name="Text">What was asked, what came back, and where to look if it does not work.</param>
public sealed record ConnectionWords(bool Works, string Text)
{
    /// <summary>What helps where an address inside the network is refused.</summary>
    internal const string Allowing = "The operator of this server can allow it with Larder:Upstreams:AllowedHosts.";

    /// <summary>Of what the API's connection test has seen, which says more than its answer.</summary>
    internal static ConnectionWords Of(ConnectionReport report) => report.Failure is { } failure
        ? new(false, OfFailure(failure, report.Address))
        : new(report.Works, OfStatus(report));

    private static string OfFailure(UpstreamFailure failure, string address) => failure.Kind switch
    {
        UpstreamFailureKind.TimedOut =>
            $"Timed out: asked for {address}, it gave no answer in time. Is the address right, and does a firewall let this server through?",
        UpstreamFailureKind.AddressBlocked =>
            $"Not allowed: its address is private. {Allowing}",
        _ => $"Not reachable: asked for {address}, {failure.Detail}.",
    };

    private static string OfStatus(ConnectionReport report)
    {
        var answered = $"it answered {report.Status.ToString(CultureInfo.InvariantCulture)} {report.Reason}".TrimEnd() + $" for {report.Address}";
        return report.Status switch
        {
            >= 200 and < 300 => $"Reachable: {answered}.",
            404 when report.IsKnown => $"Reachable: {answered}. It does not have this file any more, though it has supplied it before: is this still the right address?",
            404 => $"Reachable: {answered}. It does not have this file; hardly any repository has, so that says nothing against it.",
            401 or 407 => $"Refused: {answered}. The username or the password is wrong or missing.",
            403 => $"Refused: {answered}. These credentials may not read there. Some repositories also answer so for what they do not have.",
            429 => $"Too many requests: {answered}. It wants to be left alone for a while.",
            >= 500 => $"In trouble: {answered}. Try again later.",
            _ => $"Not a repository: {answered}, which is no answer to a request for a file. Is the address right?",
        };
    }
}
