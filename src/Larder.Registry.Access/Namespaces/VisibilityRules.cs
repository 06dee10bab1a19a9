namespace Larder.Registry.Namespaces;

/// <summary>Nothing is more open than the group around it.</summary>
public static class VisibilityRules
{
    /// <summary>Whether something of the first visibility may be in a group of the second.</summary>
    public static bool Fits(string visibility, string group) => Openness(visibility) <= Openness(group);

    private static int Openness(string visibility) => visibility switch
    {
        Visibility.Public => 2,
        Visibility.Internal => 1,
        _ => 0,
    };
}
