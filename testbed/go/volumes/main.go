// volumes gives every PersistentVolumeClaim of its classes a directory that all nodes share, as if it were a disk on the
// network, and takes the directory away with the volume. In the default class nobody counts what is in it; volumes of
// the class "limited" hold what was asked for and no more, in memory.
//
// Usage: volumes KUBECONFIG HERE THERE, where HERE is the directory of the directories, and THERE is how the nodes call
// it. What is mounted HERE must show THERE.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"syscall"

	core "k8s.io/api/core/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

const (
	name    = "testbed.commercestack.io/directory"
	limited = "limited"
)

type directories struct{ here, there string }

func (d directories) Provision(_ context.Context, options controller.ProvisionOptions) (*core.PersistentVolume, controller.ProvisioningState, error) {
	directory := filepath.Join(d.here, options.PVName)
	size := options.PVC.Spec.Resources.Requests[core.ResourceStorage]
	if err := os.Mkdir(directory, 0o755); err != nil && !os.IsExist(err) {
		return nil, controller.ProvisioningFinished, err
	} else if err == nil && options.StorageClass.Name == limited {
		if err := syscall.Mount("tmpfs", directory, "tmpfs", 0, fmt.Sprintf("mode=755,size=%d", size.Value())); err != nil {
			os.Remove(directory)
			return nil, controller.ProvisioningFinished, err
		}
	}
	// Of the kinds of volumes that are directories, this is the one whose group the kubelet sets; it wants to be told
	// on which nodes it is.
	everywhere := core.NodeSelectorRequirement{Key: core.LabelOSStable, Operator: core.NodeSelectorOpIn, Values: []string{"linux"}}
	return &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: options.PVName},
		Spec: core.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   options.PVC.Spec.AccessModes,
			Capacity:                      core.ResourceList{core.ResourceStorage: size},
			PersistentVolumeSource: core.PersistentVolumeSource{
				Local: &core.LocalVolumeSource{Path: filepath.Join(d.there, options.PVName)},
			},
			NodeAffinity: &core.VolumeNodeAffinity{Required: &core.NodeSelector{
				NodeSelectorTerms: []core.NodeSelectorTerm{{MatchExpressions: []core.NodeSelectorRequirement{everywhere}}},
			}},
		},
	}, controller.ProvisioningFinished, nil
}

func (d directories) Delete(_ context.Context, volume *core.PersistentVolume) error {
	directory := filepath.Join(d.here, volume.Name)
	if volume.Spec.StorageClassName == limited {
		if err := syscall.Unmount(directory, syscall.MNT_DETACH); err != nil && err != syscall.EINVAL {
			return err // EINVAL: it was unmounted before
		}
	}
	return os.RemoveAll(directory)
}

func main() {
	ctx := context.Background()
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	client := kubernetes.NewForConfigOrDie(config)
	for class, isDefault := range map[string]string{"standard": "true", limited: "false"} {
		class := &storage.StorageClass{
			ObjectMeta:  meta.ObjectMeta{Name: class, Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": isDefault}},
			Provisioner: name,
		}
		if _, err := client.StorageV1().StorageClasses().Create(ctx, class, meta.CreateOptions{}); err != nil && !errors.IsAlreadyExists(err) {
			log.Fatal(err)
		}
	}
	volumes := directories{here: os.Args[2], there: os.Args[3]}
	controller.NewProvisionController(ctx, client, name, volumes, controller.LeaderElection(false)).Run(ctx)
}
