using Larder.Registry.Namespaces;
using Larder.Registry.VirtualRegistries;

namespace Larder.Web.Maven;

/// <summary>What the form of an upstream shows.</summary>
/// <param name="Group">The group.</param>
/// <param name="Registry">Of a new one: the registry that it goes into.</param>
/// <param name="Upstream">Of a saved one: as it is.</param>
/// <param name="Draft">What the fields hold.</param>
public sealed record UpstreamFormView(Namespace Group, VirtualRegistry? Registry, Upstream? Upstream, UpstreamDraft Draft)
{
    /// <summary>What was wrong.</summary>
    public FormErrors Errors { get; init; } = FormErrors.None;

    /// <summary>What a test has found, if one was asked for.</summary>
    public ConnectionWords? Test { get; init; }
}
