using Larder.Storage.Upstreams;

namespace Larder.Registry.Http;

/// <summary>What GitLab says of an address that it does not contact.</summary>
public static class AddressWords
{
    /// <summary>What is wrong with the address, or null.</summary>
    public static string? Problem(AddressVerdict verdict) => verdict switch
    {
        AddressVerdict.Allowed => null,
        AddressVerdict.Loopback => "is blocked: Requests to localhost are not allowed",
        AddressVerdict.LinkLocal => "is blocked: Requests to the link local network are not allowed",
        AddressVerdict.Private => "is blocked: Requests to the local network are not allowed",
        _ => "is blocked: Host cannot be resolved or invalid",
    };
}
