namespace Larder.Registry.Access;

/// <summary>What a member may, in GitLab's numbers; a higher one may all that a lower one may.</summary>
public enum AccessLevel
{
    /// <summary>Not a member.</summary>
    None = 0,

    /// <summary>Sees the group and nothing in it.</summary>
    Minimal = 5,

    /// <summary>Guest.</summary>
    Guest = 10,

    /// <summary>Planner.</summary>
    Planner = 15,

    /// <summary>Reporter: pulls from private projects.</summary>
    Reporter = 20,

    /// <summary>Developer: publishes.</summary>
    Developer = 30,

    /// <summary>Maintainer: deletes, and manages virtual registries.</summary>
    Maintainer = 40,

    /// <summary>Owner.</summary>
    Owner = 50,
}
