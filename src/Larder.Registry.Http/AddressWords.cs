using Larder.Storage.Upstreams;

namespace Larder.Registry.Http;

/// <summary>What GitLab says of an address that it does not contact.</summary>
public static class AddressWords
{
    private const string Place = "is blocked: Requests to ";

    /// <summary>Whether these words are of an address that the operator can allow.</summary>
    public static bool CanBeAllowed(string problem) => problem.StartsWith(Place, StringComparison.Ordinal);

    /// <summary>What is wrong with the address, or null.</summary>
    public static string? Problem(AddressVerdict verdict) => verdict switch
    {
        AddressVerdict.Allowed => null,
        AddressVerdict.Loopback => $"{Place}localhost are not allowed",
        AddressVerdict.LinkLocal => $"{Place}the link local network are not allowed",
        AddressVerdict.Private => $"{Place}the local network are not allowed",
        _ => "is blocked: Host cannot be resolved or invalid",
    };
}
