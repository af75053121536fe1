using Metering.Core.Encoding;

namespace Metering.Core;

/// <summary>One attribute of usage, such as model = gpt-4. A line's dimensions are sorted by name (ordinal), each name once.</summary>
public readonly record struct Dimension(string Name, string Value)
{
    internal static void WriteAll(ByteWriter writer, Dimension[] dimensions)
    {
        writer.Count(dimensions.Length);
        foreach (var dimension in dimensions)
        {
            writer.Text(dimension.Name);
            writer.Text(dimension.Value);
        }
    }

    internal static Dimension[] ReadAll(ref ByteReader reader)
    {
        var count = reader.Count();
        if (count == 0)
        {
            return [];
        }

        var dimensions = new Dimension[count];
        for (var i = 0; i < dimensions.Length; i++)
        {
            dimensions[i] = new Dimension(reader.Text(), reader.Text());
        }

        return dimensions;
    }
}
