namespace Metering.Grains.Audit;

/// <summary>The number of a chunk: the oldest that is kept, or the latest that is known.</summary>
[GenerateSerializer, Alias("metering.AuditMark")]
public sealed class AuditMark
{
    [Id(0)] public long Chunk { get; set; }
}
