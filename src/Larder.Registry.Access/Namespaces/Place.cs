namespace Larder.Registry.Namespaces;

/// <summary>A project or a group, where something belongs that both can have: members, tokens. One of the two is null.</summary>
/// <param name="ProjectId">A project.</param>
/// <param name="NamespaceId">A group.</param>
public sealed record Place(long? ProjectId, long? NamespaceId);
